"""Durable retries: for infrastructure errors only; rejected images are results, not errors."""

import azure.durable_functions as df

# Tried 3 times, a minute apart: what does not answer by then is left to the reconciler.
INFRASTRUCTURE = df.RetryOptions(
    first_retry_interval_in_milliseconds=60_000, max_number_of_attempts=3
)
