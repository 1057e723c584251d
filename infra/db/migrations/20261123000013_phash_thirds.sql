-- migrate:up

-- Near-duplicates are found by thirds of their hashes: of two hashes that differ in at most eight
-- bits one third differs in at most two (Norouzi, Punjani, Fleet: Fast Search in Hamming Space with
-- Multi-Index Hashing, 2012). A third has enough values that few images share one, in a job of a
-- million as well; the fifths had too few.
CREATE INDEX images_phash_third_0_idx ON public.images (crawl_job_id, (phash & 2097151))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_third_1_idx ON public.images (crawl_job_id, (phash >> 21 & 2097151))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_third_2_idx ON public.images (crawl_job_id, (phash >> 42 & 4194303))
  WHERE NOT is_duplicate;
DROP INDEX public.images_phash_0_idx, public.images_phash_1_idx, public.images_phash_2_idx,
  public.images_phash_3_idx, public.images_phash_4_idx;

-- Nothing reads it: searches are ordered by their ids.
ALTER TABLE public.crawl_searches DROP COLUMN keyword_position;

-- migrate:down

ALTER TABLE public.crawl_searches ADD COLUMN keyword_position integer NOT NULL DEFAULT 0;
ALTER TABLE public.crawl_searches ALTER COLUMN keyword_position DROP DEFAULT;
DROP INDEX public.images_phash_third_0_idx, public.images_phash_third_1_idx,
  public.images_phash_third_2_idx;
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
