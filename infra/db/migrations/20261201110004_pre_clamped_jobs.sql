-- migrate:up

-- How many images the last attempt of a job was started for, where that was fewer than max_images,
-- because the balance allowed no more.
ALTER TABLE public.crawl_jobs ADD COLUMN clamped_to integer CHECK (clamped_to > 0);

-- migrate:down

ALTER TABLE public.crawl_jobs DROP COLUMN clamped_to;
