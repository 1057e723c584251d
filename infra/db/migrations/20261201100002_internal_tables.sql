-- migrate:up

-- What a crawl and its side effects remember; never shown to the API roles.

-- How far each source was searched for each keyword. What is searched for may be a variant of the
-- keyword, which stays the label.
CREATE TABLE public.crawl_searches (
  id bigserial PRIMARY KEY,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  keyword text NOT NULL,
  engine text NOT NULL,
  cursor text,
  exhausted boolean NOT NULL DEFAULT false,
  degraded_reason text,
  pages integer NOT NULL DEFAULT 0,
  found integer NOT NULL DEFAULT 0,
  query text NOT NULL,
  ready_at timestamptz NOT NULL DEFAULT now(),  -- later when the source is busy
  rests integer NOT NULL DEFAULT 0,  -- times in a row that the source has asked to be left alone
  UNIQUE (job_id, keyword, query, engine)
);

CREATE TABLE public.job_chunks (
  id bigserial PRIMARY KEY,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  attempt integer NOT NULL,
  number integer NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'active', 'completed', 'failed', 'cancelled')),
  candidates integer NOT NULL DEFAULT 0,
  stored integer NOT NULL DEFAULT 0,
  duplicates integer NOT NULL DEFAULT 0,
  rejected integer NOT NULL DEFAULT 0,
  lost integer NOT NULL DEFAULT 0,  -- of the rejected, those that only the network failed
  deliveries integer NOT NULL DEFAULT 0,
  error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  keyword text NOT NULL,
  UNIQUE (job_id, number)
);
CREATE INDEX job_chunks_open_idx ON public.job_chunks (job_id)
  WHERE status IN ('pending', 'active');
CREATE INDEX job_chunks_ended_idx ON public.job_chunks (job_id, completed_at DESC)
  WHERE status IN ('completed', 'failed');

CREATE TABLE public.crawl_candidates (
  id bigserial PRIMARY KEY,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  url text NOT NULL,
  url_hash bytea NOT NULL,  -- sha256: a URL may be longer than an index entry
  search_id bigint NOT NULL REFERENCES public.crawl_searches ON DELETE CASCADE,
  keyword text NOT NULL,
  engine text NOT NULL,
  rank integer NOT NULL,  -- position in the search results: the order in which chunks are cut
  source_page_url text,
  creator text,
  license text,
  license_url text,
  attribution text,
  title text,
  chunk_id bigint REFERENCES public.job_chunks ON DELETE SET NULL,
  outcome text,
  outcome_detail text,
  image_id integer REFERENCES public.images ON DELETE SET NULL,
  UNIQUE (job_id, url_hash)
);
CREATE INDEX crawl_candidates_uncut_idx
  ON public.crawl_candidates (job_id, keyword, rank, search_id)
  WHERE chunk_id IS NULL AND outcome IS NULL;
CREATE INDEX crawl_candidates_spare_idx ON public.crawl_candidates (job_id, keyword)
  WHERE outcome = 'over_quota';
CREATE INDEX crawl_candidates_chunk_id_idx ON public.crawl_candidates (chunk_id);
-- The referencing sides of foreign keys: without them each deleted row scans this table.
CREATE INDEX crawl_candidates_search_id_idx ON public.crawl_candidates (search_id);
CREATE INDEX crawl_candidates_image_id_idx ON public.crawl_candidates (image_id)
  WHERE image_id IS NOT NULL;

-- How each keyword of a job is doing. A crawl reads this small table instead of adding up rows
-- whose number grows with the job. The counters follow those of the keyword's chunks in the same
-- transaction.
CREATE TABLE public.crawl_keywords (
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  keyword text NOT NULL,
  position integer NOT NULL,
  quota integer NOT NULL DEFAULT 0,
  expanded boolean NOT NULL DEFAULT false,
  candidates integer NOT NULL DEFAULT 0,
  stored integer NOT NULL DEFAULT 0,
  duplicates integer NOT NULL DEFAULT 0,
  rejected integer NOT NULL DEFAULT 0,
  lost integer NOT NULL DEFAULT 0,
  chunks integer NOT NULL DEFAULT 0,
  completed_chunks integer NOT NULL DEFAULT 0,
  failed_chunks integer NOT NULL DEFAULT 0,
  PRIMARY KEY (job_id, keyword)
);

-- The URLs that a user lists for a job, in their order.
CREATE TABLE public.listed_urls (
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  keyword text NOT NULL,
  position integer NOT NULL,
  url text NOT NULL,
  caption text,
  license text,
  PRIMARY KEY (job_id, keyword, position)
);

CREATE TABLE public.job_events (
  id bigserial PRIMARY KEY,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  level text NOT NULL,
  event text NOT NULL,
  message text NOT NULL,
  data jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX job_events_job_id_idx ON public.job_events (job_id, id);

-- Side effects promised by a transaction and done after its commit.
CREATE TABLE public.outbox (
  id bigserial PRIMARY KEY,
  kind text NOT NULL,
  key text NOT NULL UNIQUE,
  payload jsonb NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  available_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  last_error text
);
CREATE INDEX outbox_unsent_idx ON public.outbox (available_at, id) WHERE sent_at IS NULL;

CREATE TABLE public.credit_holds (
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  attempt integer NOT NULL,
  amount integer NOT NULL CHECK (amount > 0),
  status varchar(20) NOT NULL DEFAULT 'held' CHECK (status IN ('held', 'settled')),
  charged integer CHECK (charged BETWEEN 0 AND amount),
  PRIMARY KEY (job_id, attempt)
);
CREATE INDEX credit_holds_user_id_idx ON public.credit_holds (user_id);

-- Long work, whatever its kind: which attempt at what goes on, and since when nothing is heard.
CREATE TABLE public.runs (
  kind text NOT NULL,
  subject_id bigint NOT NULL,
  attempt integer NOT NULL,
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  status varchar(20) NOT NULL DEFAULT 'running'
    CHECK (status IN ('running', 'completed', 'failed', 'cancelled')),
  restarts integer NOT NULL DEFAULT 0,  -- since something was heard of it
  heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  PRIMARY KEY (kind, subject_id, attempt)
);
CREATE UNIQUE INDEX runs_one_at_a_time_idx ON public.runs (kind, subject_id)
  WHERE status = 'running';
CREATE INDEX runs_heard_at_idx ON public.runs (kind, heard_at) WHERE status = 'running';
CREATE INDEX runs_user_id_idx ON public.runs (user_id);
CREATE INDEX runs_ended_at_idx ON public.runs (ended_at);

-- Accounts that may not act: disabled by an administrator, or deleted. No reference to the profile:
-- the access tokens of a deleted account outlive it, and so does its lock.
CREATE TABLE public.account_locks (
  user_id uuid PRIMARY KEY,
  state varchar(20) NOT NULL CHECK (state IN ('disabled', 'deleted')),
  locked_at timestamptz NOT NULL DEFAULT now()
);

-- How often each subject came in its current window. Not logged: after a crash of the server the
-- windows start anew, and no request waits for a disk.
CREATE UNLOGGED TABLE public.rate_limits (
  bucket text PRIMARY KEY,
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

-- When each image source may be asked again, whichever instance asks. Not logged: after a crash of
-- the server every source has rested anyway.
CREATE UNLOGGED TABLE public.source_pace (
  source text PRIMARY KEY,
  next_at timestamptz NOT NULL
) WITH (fillfactor = 50);  -- room for updates in place

-- What triggers need of the app's settings: the app writes it, every minute if need be.
CREATE TABLE public.service_settings (
  name text PRIMARY KEY,
  value jsonb NOT NULL
);
-- Until the app has said what SIGNUP_BONUS_CREDITS is: what a job of the default size may cost.
INSERT INTO public.service_settings (name, value) VALUES ('signup_bonus_credits', '1000');

-- migrate:down

DROP TABLE public.service_settings, public.source_pace, public.idempotency_keys,
  public.rate_limits, public.account_locks, public.runs, public.credit_holds, public.outbox,
  public.job_events, public.listed_urls, public.crawl_keywords, public.crawl_candidates,
  public.job_chunks, public.crawl_searches;
