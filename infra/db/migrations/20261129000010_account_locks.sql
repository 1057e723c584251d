-- migrate:up

-- Accounts that may not act: disabled by an administrator, or deleted. No reference to the profile:
-- the access tokens of a deleted account outlive it, and so does its lock.
CREATE TABLE public.account_locks (
  user_id uuid PRIMARY KEY,
  state varchar(20) NOT NULL CHECK (state IN ('disabled', 'deleted')),
  locked_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE public.account_locks ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.account_locks FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.account_locks TO service_role;

-- migrate:down

DROP TABLE public.account_locks;
