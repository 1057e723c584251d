-- migrate:up

-- The eleven tables that the frontend shares (docs/schema-sync.md). Below the blank line of each
-- table stand the columns that were added for the backend.

CREATE TABLE public.profiles (
  id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
  email varchar(255) NOT NULL UNIQUE,
  full_name varchar(100),
  avatar_url text,
  role varchar(20) NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
  onboarding_completed boolean NOT NULL DEFAULT false,
  onboarding_completed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.projects (
  id serial PRIMARY KEY,
  name varchar(100) NOT NULL,
  description text,
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  status varchar(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived', 'deleted')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_user_id_idx ON public.projects (user_id);

CREATE TABLE public.crawl_jobs (
  id serial PRIMARY KEY,
  project_id integer NOT NULL REFERENCES public.projects ON DELETE CASCADE,
  name varchar(100) NOT NULL,
  keywords jsonb NOT NULL,
  max_images integer NOT NULL DEFAULT 1000 CHECK (max_images > 0),
  status varchar(20) NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
  progress integer NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
  total_images integer NOT NULL DEFAULT 0,
  downloaded_images integer NOT NULL DEFAULT 0,
  valid_images integer NOT NULL DEFAULT 0,
  total_chunks integer NOT NULL DEFAULT 0,
  active_chunks integer NOT NULL DEFAULT 0,
  completed_chunks integer NOT NULL DEFAULT 0,
  failed_chunks integer NOT NULL DEFAULT 0,
  task_ids jsonb NOT NULL DEFAULT '[]',
  started_at timestamptz,
  completed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),

  engines jsonb NOT NULL DEFAULT '["openverse", "wikimedia"]',
  filters jsonb NOT NULL DEFAULT '{}',
  attempt integer NOT NULL DEFAULT 0,
  failure_reason text,
  duplicate_images integer NOT NULL DEFAULT 0,
  rejected_images integer NOT NULL DEFAULT 0
);
CREATE INDEX crawl_jobs_project_id_status_idx ON public.crawl_jobs (project_id, status);
CREATE INDEX crawl_jobs_created_at_idx ON public.crawl_jobs (created_at);
-- What the reconciler and the limit of running jobs look for.
CREATE INDEX crawl_jobs_running_idx ON public.crawl_jobs (project_id) WHERE status = 'running';
-- How many jobs failed of late, which is asked every minute.
CREATE INDEX crawl_jobs_failed_idx ON public.crawl_jobs (completed_at) WHERE status = 'failed';

CREATE TABLE public.images (
  id serial PRIMARY KEY,
  crawl_job_id integer NOT NULL REFERENCES public.crawl_jobs ON DELETE CASCADE,
  original_url text NOT NULL,
  filename varchar(255) NOT NULL,
  storage_url text,
  width integer,
  height integer,
  file_size integer,
  format varchar(10),
  hash varchar(64),
  is_valid boolean NOT NULL DEFAULT true,
  is_duplicate boolean NOT NULL DEFAULT false,
  labels jsonb,
  metadata jsonb,
  downloaded_at timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),

  phash bigint,  -- 64-bit dHash, kept as a signed number
  keyword text,
  engine text,
  source_page_url text,
  creator text,
  license text,
  license_url text,
  attribution text,
  duplicate_of integer REFERENCES public.images ON DELETE SET NULL,
  thumbnail_url text,
  -- The exact duplicate of a job is found here, under any concurrency.
  UNIQUE (crawl_job_id, hash)
);
CREATE INDEX images_crawl_job_id_idx ON public.images (crawl_job_id, id);
CREATE INDEX images_hash_idx ON public.images (hash);
CREATE INDEX images_duplicate_of_idx ON public.images (duplicate_of)
  WHERE duplicate_of IS NOT NULL;
-- What a user has stored already need not be downloaded again while it is unchanged.
CREATE INDEX images_original_url_idx ON public.images USING hash (original_url);
-- Near-duplicates are found by thirds of their hashes: of two hashes that differ in at most eight
-- bits one third differs in at most two (Norouzi, Punjani, Fleet: Fast Search in Hamming Space with
-- Multi-Index Hashing, 2012). A third has enough values that few images share one, in a job of a
-- million as well.
CREATE INDEX images_phash_third_0_idx ON public.images (crawl_job_id, (phash & 2097151))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_third_1_idx ON public.images (crawl_job_id, (phash >> 21 & 2097151))
  WHERE NOT is_duplicate;
CREATE INDEX images_phash_third_2_idx ON public.images (crawl_job_id, (phash >> 42 & 4194303))
  WHERE NOT is_duplicate;

CREATE TABLE public.activity_logs (
  id serial PRIMARY KEY,
  user_id uuid REFERENCES public.profiles ON DELETE CASCADE,
  action text NOT NULL,
  resource_type varchar(50),
  resource_id varchar(50),
  metadata jsonb,
  timestamp timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX activity_logs_user_id_timestamp_idx ON public.activity_logs (user_id, timestamp DESC);

CREATE TABLE public.api_keys (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  name varchar(200) NOT NULL,
  key_hash varchar(255) NOT NULL UNIQUE,
  key_prefix varchar(20) NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'revoked', 'expired')),
  permissions jsonb NOT NULL DEFAULT '[]',
  rate_limit integer NOT NULL DEFAULT 1000 CHECK (rate_limit > 0),
  usage_count integer NOT NULL DEFAULT 0 CHECK (usage_count >= 0),
  last_used_at timestamptz,
  last_used_ip varchar(45),
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_user_id_idx ON public.api_keys (user_id);

CREATE TABLE public.credit_accounts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL UNIQUE REFERENCES public.profiles ON DELETE CASCADE,
  current_balance integer NOT NULL DEFAULT 0 CHECK (current_balance >= 0),
  monthly_usage integer NOT NULL DEFAULT 0,
  average_daily_usage numeric(10,2) NOT NULL DEFAULT 0,
  auto_refill_enabled boolean NOT NULL DEFAULT false,
  refill_threshold integer NOT NULL DEFAULT 100,
  refill_amount integer NOT NULL DEFAULT 500,
  monthly_limit integer NOT NULL DEFAULT 2000,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),

  reserved_balance integer NOT NULL DEFAULT 0 CHECK (reserved_balance >= 0),
  -- A monthly limit binds from the moment its owner sets it; the default is only a figure to show.
  monthly_limit_enforced boolean NOT NULL DEFAULT false,
  -- What an account may do: shared/credits/tiers.py says what that is. Its owner reads it; buying
  -- credits and administrators change it.
  tier varchar(20) NOT NULL DEFAULT 'free' CHECK (tier IN ('free', 'pro', 'enterprise'))
);

CREATE TABLE public.credit_transactions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id uuid NOT NULL REFERENCES public.credit_accounts ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  type varchar(20) NOT NULL CHECK (type IN ('purchase', 'usage', 'refund', 'bonus')),
  description text NOT NULL,
  amount integer NOT NULL,
  balance_after integer NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'completed',
  metadata jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),

  reference text,
  -- One event is booked once: 'signup', 'job:12:attempt:1'.
  UNIQUE (account_id, reference)
);
-- The usage of a month, and pages of the ledger, which has no rising id.
CREATE INDEX credit_transactions_user_id_idx
  ON public.credit_transactions (user_id, created_at DESC, id DESC);

CREATE TABLE public.notifications (
  id serial PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  type varchar(50) NOT NULL CHECK (type IN ('success', 'info', 'warning', 'error')),
  category varchar(50),
  title varchar(255) NOT NULL,
  message text NOT NULL,
  icon varchar(50),
  color varchar(20),
  action_url text,
  action_label varchar(100),
  metadata jsonb,
  is_read boolean NOT NULL DEFAULT false,
  read_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),

  event_key text,
  -- One event notifies a user once, however often its message is delivered.
  UNIQUE (user_id, event_key)
);
CREATE INDEX notifications_user_id_idx ON public.notifications (user_id, created_at DESC);
CREATE INDEX notifications_unread_idx ON public.notifications (user_id) WHERE NOT is_read;

CREATE TABLE public.notification_preferences (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL UNIQUE REFERENCES public.profiles ON DELETE CASCADE,
  email_enabled boolean NOT NULL DEFAULT true,
  push_enabled boolean NOT NULL DEFAULT false,
  sms_enabled boolean NOT NULL DEFAULT false,
  crawl_jobs_enabled boolean NOT NULL DEFAULT true,
  datasets_enabled boolean NOT NULL DEFAULT true,
  billing_enabled boolean NOT NULL DEFAULT true,
  security_enabled boolean NOT NULL DEFAULT true,
  marketing_enabled boolean NOT NULL DEFAULT false,
  product_updates_enabled boolean NOT NULL DEFAULT true,
  digest_frequency varchar(20) NOT NULL DEFAULT 'daily',
  quiet_hours_start time,
  quiet_hours_end time,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.usage_metrics (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES public.profiles ON DELETE CASCADE,
  metric_date date NOT NULL,
  images_processed integer NOT NULL DEFAULT 0,
  images_limit integer NOT NULL DEFAULT 10000,
  storage_used_gb numeric(10,2) NOT NULL DEFAULT 0,
  storage_limit_gb numeric(10,2) NOT NULL DEFAULT 100,
  api_calls integer NOT NULL DEFAULT 0,
  api_calls_limit integer NOT NULL DEFAULT 50000,
  bandwidth_used_gb numeric(10,2) NOT NULL DEFAULT 0,
  bandwidth_limit_gb numeric(10,2) NOT NULL DEFAULT 500,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, metric_date)
);
CREATE INDEX usage_metrics_metric_date_idx ON public.usage_metrics (metric_date);

-- migrate:down

DROP TABLE public.usage_metrics, public.notification_preferences, public.notifications,
  public.credit_transactions, public.credit_accounts, public.api_keys, public.activity_logs,
  public.images, public.crawl_jobs, public.projects, public.profiles;
