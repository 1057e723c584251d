-- migrate:up

-- How often each subject came in its current window. Not logged: after a crash of the server the
-- windows start anew, and no request waits for a disk.
CREATE UNLOGGED TABLE public.rate_limits (
  bucket text PRIMARY KEY,
  started_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  hits integer NOT NULL
) WITH (fillfactor = 50);  -- room for updates in place

-- The first answers to requests with an Idempotency-Key. The body is encrypted: it may hold what
-- is shown only once.
CREATE TABLE public.idempotency_keys (
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  key varchar(255) NOT NULL,
  request_hash bytea NOT NULL,
  status integer NOT NULL,
  headers jsonb NOT NULL,
  body bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON public.idempotency_keys (created_at);

ALTER TABLE public.rate_limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.rate_limits, public.idempotency_keys
  FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.rate_limits, public.idempotency_keys
  TO service_role;

-- migrate:down

DROP TABLE public.idempotency_keys, public.rate_limits;
