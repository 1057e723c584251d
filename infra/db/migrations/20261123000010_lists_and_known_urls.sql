-- migrate:up

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
ALTER TABLE public.listed_urls ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.listed_urls FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.listed_urls TO service_role;

-- What a user has stored already need not be downloaded again while it is unchanged.
CREATE INDEX images_original_url_idx ON public.images USING hash (original_url);

-- migrate:down

DROP INDEX public.images_original_url_idx;
DROP TABLE public.listed_urls;
