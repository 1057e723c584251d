-- migrate:up

-- Which keywords make one class, as its owner says: {"mammal": ["dog", "cat"]}.
ALTER TABLE public.crawl_jobs ADD COLUMN categories jsonb NOT NULL DEFAULT '{}';

-- The label that a job gives to what it finds for a keyword.
CREATE FUNCTION public.label_of(categories jsonb, keyword text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT coalesce((
    SELECT category.key FROM jsonb_each(categories) AS category WHERE category.value ? keyword
  ), keyword)
$$;
REVOKE ALL ON FUNCTION public.label_of(jsonb, text) FROM PUBLIC, anon, authenticated;
GRANT EXECUTE ON FUNCTION public.label_of(jsonb, text) TO service_role;

-- What a person says of an image. A label of theirs is the first of labels, whatever the crawl
-- finds later.
ALTER TABLE public.images
  ADD COLUMN reviewed_label text,
  ADD COLUMN decision varchar(10) CHECK (decision IN ('keep', 'drop', 'unsure')),
  ADD COLUMN reviewed_at timestamptz;

-- The sha256 of an exact duplicate whose image is known by another keyword. Not that image's id,
-- which may lose its row and come again. Unknown of those that were settled before this.
ALTER TABLE public.crawl_candidates ADD COLUMN copy_hash varchar(64);
CREATE INDEX crawl_candidates_copies_idx ON public.crawl_candidates (job_id)
  WHERE copy_hash IS NOT NULL;
CREATE INDEX images_near_duplicates_idx ON public.images (crawl_job_id, id)
  WHERE duplicate_of IS NOT NULL;

-- migrate:down

DROP INDEX public.images_near_duplicates_idx;
ALTER TABLE public.crawl_candidates DROP COLUMN copy_hash;
ALTER TABLE public.images DROP COLUMN reviewed_at, DROP COLUMN decision,
  DROP COLUMN reviewed_label;
DROP FUNCTION public.label_of(jsonb, text);
ALTER TABLE public.crawl_jobs DROP COLUMN categories;
