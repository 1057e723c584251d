-- migrate:up

-- Versions of what jobs have made, and exports of them; never shown to the API roles.

-- An immutable list of images with their labels and splits. The semantic version is Croissant's.
CREATE TABLE public.dataset_versions (
  id bigserial PRIMARY KEY,
  job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  number integer NOT NULL CHECK (number > 0),
  semantic_version text NOT NULL,
  split jsonb,  -- the shares and the seed; null when it is not split
  include_duplicates boolean NOT NULL,
  hash text NOT NULL,  -- sha256 over all rows
  counts jsonb NOT NULL,  -- images, by split and label
  left_out jsonb NOT NULL,  -- images of the job that are not in it, by reason
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (job_id, number)
);

CREATE TABLE public.dataset_version_images (
  version_id bigint NOT NULL REFERENCES public.dataset_versions ON DELETE CASCADE,
  position integer NOT NULL,  -- train before val before test; there by hash, which mixes the labels
  image_id integer REFERENCES public.images ON DELETE SET NULL,  -- null when it was withdrawn
  sha256 text NOT NULL,
  label text NOT NULL,
  split text NOT NULL CHECK (split IN ('train', 'val', 'test')),
  PRIMARY KEY (version_id, position)
);
CREATE INDEX dataset_version_images_image_id_idx ON public.dataset_version_images (image_id)
  WHERE image_id IS NOT NULL;
CREATE INDEX dataset_version_images_withdrawn_idx ON public.dataset_version_images (version_id)
  WHERE image_id IS NULL;

-- A version in one format. Its key is a hash of all that decides about its bytes, and stands in
-- the names of its blobs.
CREATE TABLE public.exports (
  id bigserial PRIMARY KEY,
  version_id bigint NOT NULL REFERENCES public.dataset_versions ON DELETE CASCADE,
  key text NOT NULL,
  options jsonb NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'running'
    CHECK (status IN ('running', 'completed', 'failed', 'expired')),
  attempt integer NOT NULL DEFAULT 1,
  files jsonb NOT NULL DEFAULT '[]',  -- name, bytes and sha256 of each, when completed
  failure_reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  expires_at timestamptz,
  UNIQUE (version_id, key)
);
CREATE INDEX exports_expires_at_idx ON public.exports (expires_at) WHERE status = 'completed';

-- What is built of an export by one activity each: parts of files, their ends, and the rest. A
-- stage begins when the one before is done.
CREATE TABLE public.export_parts (
  export_id bigint NOT NULL REFERENCES public.exports ON DELETE CASCADE,
  number integer NOT NULL,
  stage smallint NOT NULL,
  file text NOT NULL,
  first integer NOT NULL,  -- positions of the version, the last one included
  last integer NOT NULL,
  result jsonb,
  done_at timestamptz,
  PRIMARY KEY (export_id, number)
);

ALTER TABLE public.dataset_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.dataset_version_images ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.exports ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.export_parts ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.dataset_versions, public.dataset_version_images, public.exports,
  public.export_parts FROM service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.dataset_versions, public.dataset_version_images,
  public.exports, public.export_parts TO service_role;
GRANT USAGE, SELECT ON SEQUENCE public.dataset_versions_id_seq, public.exports_id_seq
  TO service_role;

-- migrate:down

DROP TABLE public.export_parts, public.exports, public.dataset_version_images,
  public.dataset_versions;
