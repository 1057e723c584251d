"""Whoever follows docs/deployment.md gets to a deployment, and needs nothing that it leaves out."""

import json
import re
import subprocess
import sys
from pathlib import Path

from scripts.azure.connections import RESERVE
from scripts.devhost.stack import LocalStack
from tests.infra.cloud import Cloud, Project
from tests.infra.reading import DEPLOYMENTS, ENVIRONMENTS, PROD, Deployment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deployment.md").read_text()
STEPS = re.findall(r"```sh needs-azure first\n(.*?)```", PAGE, re.DOTALL)
ALWAYS = {"Microsoft.Authorization"}  # registered in every subscription


def test_the_steps_of_the_page_end_with_a_smoke_test_that_passes(
    cloud: Cloud, project: Project, tmp_path: Path, stack_services: LocalStack
) -> None:
    info = stack_services.info
    with cloud.changed() as azure:
        azure |= {"signed_in": False, "groups": [], "provisioned": False, "secrets": {}}
        azure["settings"]["ALLOWED_ORIGINS"] = "https://app.example.com"  # as Bicep sets it
    steps = "".join(STEPS).replace("https://YOUR_PROJECT.supabase.co", info.supabase_url)
    (tmp_path / "steps").write_text(f"set -euo pipefail\n{steps}")
    typed = [info.database_url, info.supabase_anon_key, info.supabase_service_role_key]
    done = subprocess.run(
        ["bash", str(tmp_path / "steps")],
        cwd=project.cloned_to(tmp_path / "clone"),
        env=cloud.environment | {"PIXCRAWLER_PYTHON": "{}.{}".format(*sys.version_info)},
        input="".join(f"{line}\n" for line in typed),
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said + cloud.log
    assert said.endswith(f"{project.commit_id[:12]} serves at {cloud.url}\n")
    assert re.search(r"ok    the frontend's origin .*https://app\.example\.com", said)
    kept = cloud.described["secrets"]
    asked = ("DATABASE-URL", "SUPABASE-ANON-KEY", "SUPABASE-SERVICE-ROLE-KEY")
    assert [kept[name] for name in asked] == typed
    assert set(kept) == set(DEPLOYMENTS["dev"].outputs["requiredSecrets"])
    # Nobody sees them: not who lists processes, not who looks over a shoulder.
    told = said + json.dumps(cloud.calls)
    assert not [name for name, value in kept.items() if value in told]


def namespaces(deployed: Deployment) -> set[str]:
    """The resource providers that a deployment needs."""
    types = {resource["type"] for resource in deployed.resources}
    delegated = re.findall(r'"serviceName": "(Microsoft\.\w+/\w+)"', json.dumps(deployed.resources))
    return {name.split("/")[0] for name in types.union(delegated)} - ALWAYS


def test_the_page_registers_the_resource_providers_of_every_environment() -> None:
    (loop,) = re.findall(r"for provider in ([^;]+);", PAGE)
    budget = {"Microsoft.Consumption"}  # deploy.sh always asks for one
    needed = set.union(budget, *(namespaces(DEPLOYMENTS[name]) for name in ENVIRONMENTS))
    assert set(re.findall(r"Microsoft\.\w+", loop)) == needed


def test_the_page_names_those_of_the_variants() -> None:
    for variant, switch in (("private-network", "privateNetwork"), ("redis", "redis")):
        more = namespaces(DEPLOYMENTS[variant]) - namespaces(PROD)
        assert more
        (sentence,) = re.findall(
            rf"[Ww]ith\s+`{switch}`\s+there (?:is|are) [^.;]+(?:\.\w+[^.;]*)+", PAGE
        )
        assert set(re.findall(r"Microsoft\.\w+", sentence)) == more
    known = set(re.findall(r"Microsoft\.\w+", PAGE))
    assert set.union(*(namespaces(deployed) for deployed in DEPLOYMENTS.values())) <= known


def test_the_sum_of_connections_is_that_of_production() -> None:
    instances, pool = PROD.outputs["maximumInstances"], PROD.outputs["poolPerInstance"]
    total = instances * pool + RESERVE
    assert f"{instances} instances × {pool} + {RESERVE} = {total}" in PAGE
    assert total <= PROD.outputs["databaseConnectionLimit"]
