-- migrate:up

-- What proves the licences that a page of a search has stated: the answer itself. Once a page, as
-- many candidates share it.
CREATE TABLE public.crawl_answers (
  id bigserial PRIMARY KEY,
  search_id bigint NOT NULL REFERENCES public.crawl_searches ON DELETE CASCADE,
  address text NOT NULL,  -- without keys
  answered_at timestamptz NOT NULL,
  sha256 text NOT NULL
);
CREATE INDEX crawl_answers_search_id_idx ON public.crawl_answers (search_id);

-- The answer has no foreign key, whose check would cost each candidate a lookup: it is one of the
-- candidate's search, and goes with it.
ALTER TABLE public.crawl_candidates
  ADD COLUMN license_stated text,  -- in the source's own words
  ADD COLUMN answer_id bigint;

ALTER TABLE public.crawl_answers ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.crawl_answers FROM service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.crawl_answers TO service_role;
GRANT USAGE, SELECT ON SEQUENCE public.crawl_answers_id_seq TO service_role;

-- migrate:down

ALTER TABLE public.crawl_candidates DROP COLUMN answer_id, DROP COLUMN license_stated;
DROP TABLE public.crawl_answers;
