"""Models of what goes in and out, whose validators are built when first needed."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Anything with checked fields; building all of them at once would slow a cold start."""

    model_config = ConfigDict(defer_build=True)


class Input(Model):
    """Something the API or a queue is given: a field that is not asked for is refused."""

    model_config = ConfigDict(extra="forbid")
