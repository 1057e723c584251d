-- migrate:up

-- What a crawl and its side effects remember; never shown to the API roles.

-- How far each source was searched for each keyword.
CREATE TABLE public.crawl_searches (
  id bigserial PRIMARY KEY,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  attempt integer NOT NULL,
  keyword text NOT NULL,
  keyword_position integer NOT NULL,
  engine text NOT NULL,
  cursor text,
  exhausted boolean NOT NULL DEFAULT false,
  degraded_reason text,
  pages integer NOT NULL DEFAULT 0,
  found integer NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (job_id, keyword, engine)
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
  UNIQUE (job_id, number)
);

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
  created_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz,
  UNIQUE (job_id, url_hash)
);
CREATE INDEX crawl_candidates_uncut_idx ON public.crawl_candidates (job_id, rank)
  WHERE chunk_id IS NULL;
CREATE INDEX crawl_candidates_chunk_id_idx ON public.crawl_candidates (chunk_id);
-- The referencing sides of foreign keys: without them each deleted row scans this table.
CREATE INDEX crawl_candidates_search_id_idx ON public.crawl_candidates (search_id);
CREATE INDEX crawl_candidates_image_id_idx ON public.crawl_candidates (image_id)
  WHERE image_id IS NOT NULL;

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
  id bigserial PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES public.credit_accounts ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  attempt integer NOT NULL,
  amount integer NOT NULL CHECK (amount > 0),
  status varchar(20) NOT NULL DEFAULT 'held' CHECK (status IN ('held', 'settled')),
  charged integer CHECK (charged BETWEEN 0 AND amount),
  created_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz,
  UNIQUE (job_id, attempt)
);
CREATE INDEX credit_holds_account_id_idx ON public.credit_holds (account_id);
CREATE INDEX credit_holds_user_id_idx ON public.credit_holds (user_id);

-- migrate:down

DROP TABLE public.credit_holds, public.outbox, public.job_events, public.crawl_candidates,
  public.job_chunks, public.crawl_searches;
