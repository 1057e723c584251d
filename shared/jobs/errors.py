"""What can go wrong with jobs."""

from shared.platform.errors import Conflict, TooManyRequests


class JobNotStartable(Conflict):
    """The job cannot be started in its state"""

    code = "job_not_startable"


class JobNotRunning(Conflict):
    """The job is not running"""

    code = "job_not_running"


class JobRunning(Conflict):
    """The job is running"""

    code = "job_running"


class JobNotEditable(Conflict):
    """Only the name of a job can be changed once it was started"""

    code = "job_not_editable"


class JobNotRetryable(Conflict):
    """Only a failed, cancelled or clamped job can be retried"""

    code = "job_not_retryable"


class JobTooLarge(Conflict):
    """The job asks for more images than your tier allows"""

    code = "job_too_large"


class TooManyRunningJobs(TooManyRequests):
    """Too many of your jobs are running"""

    code = "too_many_running_jobs"
