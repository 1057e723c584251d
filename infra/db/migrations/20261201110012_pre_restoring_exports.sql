-- migrate:up

-- Whether an export waits for storage to bring back images that it has archived.
ALTER TABLE public.exports ADD COLUMN restoring boolean NOT NULL DEFAULT false;

-- migrate:down

ALTER TABLE public.exports DROP COLUMN restoring;
