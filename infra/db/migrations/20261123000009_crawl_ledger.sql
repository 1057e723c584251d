-- migrate:up

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

-- What is searched for may be a variant of the keyword, which stays the label.
ALTER TABLE public.crawl_searches ADD COLUMN query text NOT NULL,
  ADD COLUMN ready_at timestamptz NOT NULL DEFAULT now(),  -- later when the source is busy
  DROP CONSTRAINT crawl_searches_job_id_keyword_engine_key,
  ADD UNIQUE (job_id, keyword, query, engine);
CREATE INDEX crawl_searches_open_idx ON public.crawl_searches (job_id) WHERE NOT exhausted;

ALTER TABLE public.job_chunks ADD COLUMN keyword text NOT NULL;
CREATE INDEX job_chunks_open_idx ON public.job_chunks (job_id)
  WHERE status IN ('pending', 'active');
CREATE INDEX job_chunks_ended_idx ON public.job_chunks (job_id, completed_at DESC)
  WHERE status IN ('completed', 'failed');

DROP INDEX public.crawl_candidates_uncut_idx;
CREATE INDEX crawl_candidates_uncut_idx
  ON public.crawl_candidates (job_id, keyword, rank, search_id)
  WHERE chunk_id IS NULL AND outcome IS NULL;
CREATE INDEX crawl_candidates_spare_idx ON public.crawl_candidates (job_id, keyword)
  WHERE outcome = 'over_quota';

-- Near-duplicates are found by parts of their hashes: of two hashes that differ in at most four
-- bits one of five parts is the same, and with up to nine bits one part differs in at most one
-- (Norouzi, Punjani, Fleet: Fast Search in Hamming Space with Multi-Index Hashing, 2012).
CREATE INDEX images_phash_0_idx ON public.images (crawl_job_id, (phash & 8191))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_1_idx ON public.images (crawl_job_id, (phash >> 13 & 8191))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_2_idx ON public.images (crawl_job_id, (phash >> 26 & 8191))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_3_idx ON public.images (crawl_job_id, (phash >> 39 & 8191))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_4_idx ON public.images (crawl_job_id, (phash >> 52 & 4095))
  WHERE NOT is_duplicate;

ALTER TABLE public.crawl_keywords ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.crawl_keywords FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.crawl_keywords TO service_role;

-- migrate:down

DROP INDEX public.images_phash_0_idx, public.images_phash_1_idx, public.images_phash_2_idx,
  public.images_phash_3_idx, public.images_phash_4_idx, public.crawl_candidates_spare_idx,
  public.crawl_candidates_uncut_idx, public.job_chunks_ended_idx, public.job_chunks_open_idx,
  public.crawl_searches_open_idx;
CREATE INDEX crawl_candidates_uncut_idx ON public.crawl_candidates (job_id, rank)
  WHERE chunk_id IS NULL;
ALTER TABLE public.job_chunks DROP COLUMN keyword;
ALTER TABLE public.crawl_searches DROP COLUMN query, DROP COLUMN ready_at,
  ADD UNIQUE (job_id, keyword, engine);
DROP TABLE public.crawl_keywords;
