-- migrate:up

-- How many times in a row the source has asked to be left alone for a while.
ALTER TABLE public.crawl_searches ADD COLUMN rests integer NOT NULL DEFAULT 0;

-- migrate:down

ALTER TABLE public.crawl_searches DROP COLUMN rests;
