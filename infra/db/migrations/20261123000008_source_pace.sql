-- migrate:up

-- When each image source may be asked again, whichever instance asks. Not logged: after a crash of
-- the server every source has rested anyway.
CREATE UNLOGGED TABLE public.source_pace (
  source text PRIMARY KEY,
  next_at timestamptz NOT NULL
) WITH (fillfactor = 50);  -- room for updates in place

ALTER TABLE public.source_pace ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.source_pace FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.source_pace TO service_role;

-- migrate:down

DROP TABLE public.source_pace;
