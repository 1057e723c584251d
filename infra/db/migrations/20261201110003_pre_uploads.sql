-- migrate:up

-- What people upload for their jobs; never shown to the API roles.

-- A file: asked for, written to storage by its owner, then read once. Where it is stored is said
-- by its key, which nobody can guess.
CREATE TABLE public.uploads (
  id bigserial PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  key uuid NOT NULL,
  kind varchar(20) NOT NULL CHECK (kind IN ('url_list', 'images')),
  filename text NOT NULL,
  size bigint NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'completed', 'failed')),
  attempt integer NOT NULL DEFAULT 0,
  etag text,  -- of the file that is being read: another one takes its place for nothing
  format text,
  records integer NOT NULL DEFAULT 0,  -- how many of the file were read so far
  rows integer NOT NULL DEFAULT 0,  -- how many of them can be used
  rejected jsonb NOT NULL DEFAULT '{}',  -- how many cannot, by reason
  problems jsonb NOT NULL DEFAULT '[]',  -- the first of those
  labels jsonb NOT NULL DEFAULT '{}',  -- the most frequent ones, with their rows, when completed
  label_count integer NOT NULL DEFAULT 0,
  failure_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz
);
CREATE INDEX uploads_user_id_idx ON public.uploads (user_id, id);
CREATE INDEX uploads_pending_idx ON public.uploads (created_at) WHERE status = 'pending';

-- The rows of a list that can be crawled, each URL once, in their order. Labels that differ only in
-- case or Unicode form have one key; it is empty where there is no label.
CREATE TABLE public.upload_rows (
  upload_id bigint NOT NULL REFERENCES public.uploads ON DELETE CASCADE,
  label_key text NOT NULL,
  position integer NOT NULL,
  url_hash bytea NOT NULL,
  url text NOT NULL,
  caption text,
  license text,
  label text,
  PRIMARY KEY (upload_id, label_key, position),
  UNIQUE (upload_id, url_hash)
);

-- No foreign key: a job outlives its list, and nobody waits for the other's lock.
ALTER TABLE public.crawl_jobs ADD COLUMN upload_id bigint;
CREATE INDEX crawl_jobs_upload_id_idx ON public.crawl_jobs (upload_id)
  WHERE upload_id IS NOT NULL;

-- Whoever deletes an upload, by itself or with its account: its blobs are promised to go, as
-- DeleteBlobs in shared/platform/data/outbox/effects.py has it.
CREATE FUNCTION public.clean_up_after_uploads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  INSERT INTO public.outbox (kind, key, payload)
  SELECT 'delete_blobs', 'upload:' || id || ':deleted', jsonb_build_object(
    'prefixes', jsonb_build_array('uploads/' || key || '/'))
  FROM gone ORDER BY id
  ON CONFLICT (key) DO NOTHING;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION public.clean_up_after_uploads()
  FROM PUBLIC, anon, authenticated, service_role;
CREATE TRIGGER clean_up AFTER DELETE ON public.uploads REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION public.clean_up_after_uploads();

ALTER TABLE public.uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.upload_rows ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.uploads, public.upload_rows FROM service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.uploads, public.upload_rows TO service_role;
GRANT USAGE, SELECT ON SEQUENCE public.uploads_id_seq TO service_role;

-- migrate:down

ALTER TABLE public.crawl_jobs DROP COLUMN upload_id;
DROP TABLE public.upload_rows, public.uploads;
DROP FUNCTION public.clean_up_after_uploads();
