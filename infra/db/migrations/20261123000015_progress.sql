-- migrate:up

-- A row says when it was changed, not when a transaction began that may have waited for the row:
-- such times go back, and a job's row was written more often than once a second.
CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = clock_timestamp();
  RETURN NEW;
END $$;

-- How many valid images a job had when its attempt began: the rest is what it has made since.
ALTER TABLE public.crawl_jobs ADD COLUMN images_before integer NOT NULL DEFAULT 0;

-- migrate:down

ALTER TABLE public.crawl_jobs DROP COLUMN images_before;

CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
  RETURN NEW;
END $$;
