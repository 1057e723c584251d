-- The schema of a new database: everything that the migrations make, at once. Written by
-- `python -m scripts.azure.schema` out of infra/db/migrations; change those instead.
--
-- For a new Supabase project (SQL editor, or psql -f). It brings schema auth, the roles and the
-- publication supabase_realtime. Migrations that come later are applied on top of it, as ever.

BEGIN;
SET LOCAL check_function_bodies = false;
SET LOCAL search_path = '';

-- Supabase opens to the API roles whatever is made in public. Everything below starts closed.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  REVOKE ALL ON TABLES FROM anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  REVOKE ALL ON SEQUENCES FROM anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  REVOKE ALL ON FUNCTIONS FROM anon, authenticated, service_role;

CREATE FUNCTION public.clean_up_after_jobs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
BEGIN
  IF EXISTS (SELECT FROM gone WHERE status = 'running') THEN
    RAISE restrict_violation USING
      MESSAGE = 'a job that is running cannot be deleted', HINT = 'Stop it first.';
  END IF;
  INSERT INTO public.outbox (kind, key, payload)
  SELECT 'queue_message', 'cleanup:job:' || min(id), jsonb_build_object(
    'queue', 'blob-cleanup',
    'message', jsonb_build_object('job_ids', jsonb_agg(id ORDER BY id)))
  FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / 100 AS batch FROM gone) AS numbered
  GROUP BY batch ORDER BY batch
  ON CONFLICT (key) DO NOTHING;
  RETURN NULL;
END $$;

CREATE FUNCTION public.clean_up_after_uploads() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
BEGIN
  INSERT INTO public.outbox (kind, key, payload)
  SELECT 'delete_blobs', 'upload:' || id || ':deleted', jsonb_build_object(
    'prefixes', jsonb_build_array('uploads/' || key || '/'))
  FROM gone ORDER BY id
  ON CONFLICT (key) DO NOTHING;
  RETURN NULL;
END $$;

CREATE FUNCTION public.forget_messages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
BEGIN
  DELETE FROM public.outbox WHERE id IN (
    SELECT id FROM public.outbox
    WHERE kind = 'queue_message'
      AND payload #>> '{message,user_id}' IN (SELECT gone.id::text FROM gone)
    FOR UPDATE SKIP LOCKED);
  RETURN NULL;
END $$;

CREATE FUNCTION public.handle_changed_address() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
BEGIN
  PERFORM public.set_address(NEW.id, NEW.email);
  RETURN NULL;
END $$;

CREATE FUNCTION public.handle_new_user() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
BEGIN
  PERFORM public.provision_user(
    NEW.id, NEW.email, NEW.raw_user_meta_data ->> 'full_name',
    NEW.raw_user_meta_data ->> 'avatar_url'
  );
  RETURN NEW;
END $$;

CREATE FUNCTION public.keep_identity() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.profiles WHERE id = NEW.id AND email = NEW.email) THEN
    RAISE insufficient_privilege USING
      MESSAGE = 'id and email of a profile cannot be changed, nor profiles be made';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION public.label_of(categories jsonb, keyword text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO ''
    AS $$
  SELECT coalesce((
    SELECT category.key FROM jsonb_each(categories) AS category WHERE category.value ? keyword
  ), keyword)
$$;

CREATE FUNCTION public.provision_user(user_id uuid, email text, full_name text, avatar_url text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
DECLARE
  signup_bonus integer := coalesce(
    (SELECT value::integer FROM public.service_settings WHERE name = 'signup_bonus_credits'), 100);
  account uuid;
BEGIN
  INSERT INTO public.profiles (id, email, full_name, avatar_url)
  VALUES (
    provision_user.user_id,
    provision_user.user_id || '@no-email.invalid',
    left(provision_user.full_name, 100),
    provision_user.avatar_url
  )
  ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN
    PERFORM public.set_address(provision_user.user_id, provision_user.email);
  END IF;

  INSERT INTO public.credit_accounts (user_id, current_balance)
  VALUES (provision_user.user_id, signup_bonus)
  ON CONFLICT ON CONSTRAINT credit_accounts_user_id_key DO NOTHING
  RETURNING id INTO account;
  IF account IS NOT NULL AND signup_bonus > 0 THEN
    INSERT INTO public.credit_transactions
      (account_id, user_id, type, description, amount, balance_after, reference)
    VALUES (
      account, provision_user.user_id, 'bonus', 'Signup bonus', signup_bonus, signup_bonus,
      'signup'
    );
  END IF;

  INSERT INTO public.notification_preferences (user_id) VALUES (provision_user.user_id)
  ON CONFLICT ON CONSTRAINT notification_preferences_user_id_key DO NOTHING;
END $$;

CREATE FUNCTION public.set_address(account uuid, address text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
DECLARE
  nobodys constant text := '@no-email.invalid';
  wanted constant text := coalesce(nullif(set_address.address, ''), account || nobodys);
  former public.profiles.id%TYPE;
BEGIN
  UPDATE public.profiles AS p SET email = p.id || nobodys
  FROM auth.users AS u
  WHERE p.email = wanted AND p.id <> account AND u.id = p.id AND u.email IS DISTINCT FROM wanted
  RETURNING p.id INTO former;
  BEGIN
    UPDATE public.profiles SET email = wanted WHERE id = account AND email <> wanted;
  EXCEPTION WHEN unique_violation THEN
    UPDATE public.profiles SET email = account || nobodys WHERE id = account;
  END;
  IF former IS NOT NULL THEN
    PERFORM public.set_address(u.id, u.email) FROM auth.users AS u WHERE u.id = former;
  END IF;
END $$;

CREATE FUNCTION public.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO ''
    AS $$
BEGIN
  NEW.updated_at = clock_timestamp();
  RETURN NEW;
END $$;

CREATE TABLE public.account_locks (
    user_id uuid NOT NULL,
    state character varying(20) NOT NULL,
    locked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT account_locks_state_check CHECK (((state)::text = ANY ((ARRAY['disabled'::character varying, 'deleted'::character varying])::text[])))
);

CREATE TABLE public.activity_logs (
    id integer NOT NULL,
    user_id uuid,
    action text NOT NULL,
    resource_type character varying(50),
    resource_id character varying(50),
    metadata jsonb,
    "timestamp" timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE public.activity_logs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.activity_logs_id_seq OWNED BY public.activity_logs.id;

CREATE TABLE public.api_keys (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    name character varying(200) NOT NULL,
    key_hash character varying(255) NOT NULL,
    key_prefix character varying(20) NOT NULL,
    status character varying(20) DEFAULT 'active'::character varying NOT NULL,
    permissions jsonb DEFAULT '[]'::jsonb NOT NULL,
    rate_limit integer DEFAULT 1000 NOT NULL,
    usage_count integer DEFAULT 0 NOT NULL,
    last_used_at timestamp with time zone,
    last_used_ip character varying(45),
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT api_keys_rate_limit_check CHECK ((rate_limit > 0)),
    CONSTRAINT api_keys_status_check CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'revoked'::character varying, 'expired'::character varying])::text[]))),
    CONSTRAINT api_keys_usage_count_check CHECK ((usage_count >= 0))
);

CREATE TABLE public.crawl_answers (
    id bigint NOT NULL,
    search_id bigint NOT NULL,
    address text NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    sha256 text NOT NULL
);

CREATE SEQUENCE public.crawl_answers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.crawl_answers_id_seq OWNED BY public.crawl_answers.id;

CREATE TABLE public.crawl_candidates (
    id bigint NOT NULL,
    job_id integer NOT NULL,
    url text NOT NULL,
    url_hash bytea NOT NULL,
    search_id bigint NOT NULL,
    keyword text NOT NULL,
    engine text NOT NULL,
    rank integer NOT NULL,
    source_page_url text,
    creator text,
    license text,
    license_url text,
    attribution text,
    title text,
    chunk_id bigint,
    outcome text,
    outcome_detail text,
    image_id integer,
    copy_hash character varying(64),
    license_stated text,
    answer_id bigint
);

CREATE SEQUENCE public.crawl_candidates_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.crawl_candidates_id_seq OWNED BY public.crawl_candidates.id;

CREATE TABLE public.crawl_jobs (
    id integer NOT NULL,
    project_id integer NOT NULL,
    name character varying(100) NOT NULL,
    keywords jsonb NOT NULL,
    max_images integer DEFAULT 1000 NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    progress integer DEFAULT 0 NOT NULL,
    total_images integer DEFAULT 0 NOT NULL,
    downloaded_images integer DEFAULT 0 NOT NULL,
    valid_images integer DEFAULT 0 NOT NULL,
    total_chunks integer DEFAULT 0 NOT NULL,
    active_chunks integer DEFAULT 0 NOT NULL,
    completed_chunks integer DEFAULT 0 NOT NULL,
    failed_chunks integer DEFAULT 0 NOT NULL,
    task_ids jsonb DEFAULT '[]'::jsonb NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    engines jsonb DEFAULT '["openverse", "wikimedia"]'::jsonb NOT NULL,
    filters jsonb DEFAULT '{}'::jsonb NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    failure_reason text,
    duplicate_images integer DEFAULT 0 NOT NULL,
    rejected_images integer DEFAULT 0 NOT NULL,
    categories jsonb DEFAULT '{}'::jsonb NOT NULL,
    upload_id bigint,
    clamped_to integer,
    CONSTRAINT crawl_jobs_clamped_to_check CHECK ((clamped_to > 0)),
    CONSTRAINT crawl_jobs_max_images_check CHECK ((max_images > 0)),
    CONSTRAINT crawl_jobs_progress_check CHECK (((progress >= 0) AND (progress <= 100))),
    CONSTRAINT crawl_jobs_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'running'::character varying, 'completed'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])))
);

CREATE SEQUENCE public.crawl_jobs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.crawl_jobs_id_seq OWNED BY public.crawl_jobs.id;

CREATE TABLE public.crawl_keywords (
    job_id integer NOT NULL,
    keyword text NOT NULL,
    "position" integer NOT NULL,
    quota integer DEFAULT 0 NOT NULL,
    expanded boolean DEFAULT false NOT NULL,
    candidates integer DEFAULT 0 NOT NULL,
    stored integer DEFAULT 0 NOT NULL,
    duplicates integer DEFAULT 0 NOT NULL,
    rejected integer DEFAULT 0 NOT NULL,
    lost integer DEFAULT 0 NOT NULL,
    chunks integer DEFAULT 0 NOT NULL,
    completed_chunks integer DEFAULT 0 NOT NULL,
    failed_chunks integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.crawl_searches (
    id bigint NOT NULL,
    job_id integer NOT NULL,
    keyword text NOT NULL,
    engine text NOT NULL,
    cursor text,
    exhausted boolean DEFAULT false NOT NULL,
    degraded_reason text,
    pages integer DEFAULT 0 NOT NULL,
    found integer DEFAULT 0 NOT NULL,
    query text NOT NULL,
    ready_at timestamp with time zone DEFAULT now() NOT NULL,
    rests integer DEFAULT 0 NOT NULL
);

CREATE SEQUENCE public.crawl_searches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.crawl_searches_id_seq OWNED BY public.crawl_searches.id;

CREATE TABLE public.credit_accounts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    current_balance integer DEFAULT 0 NOT NULL,
    monthly_usage integer DEFAULT 0 NOT NULL,
    average_daily_usage numeric(10,2) DEFAULT 0 NOT NULL,
    auto_refill_enabled boolean DEFAULT false NOT NULL,
    refill_threshold integer DEFAULT 100 NOT NULL,
    refill_amount integer DEFAULT 500 NOT NULL,
    monthly_limit integer DEFAULT 2000 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    reserved_balance integer DEFAULT 0 NOT NULL,
    monthly_limit_enforced boolean DEFAULT false NOT NULL,
    tier character varying(20) DEFAULT 'free'::character varying NOT NULL,
    CONSTRAINT credit_accounts_current_balance_check CHECK ((current_balance >= 0)),
    CONSTRAINT credit_accounts_reserved_balance_check CHECK ((reserved_balance >= 0)),
    CONSTRAINT credit_accounts_tier_check CHECK (((tier)::text = ANY ((ARRAY['free'::character varying, 'pro'::character varying, 'enterprise'::character varying])::text[])))
);

CREATE TABLE public.credit_holds (
    user_id uuid NOT NULL,
    job_id integer NOT NULL,
    attempt integer NOT NULL,
    amount integer NOT NULL,
    status character varying(20) DEFAULT 'held'::character varying NOT NULL,
    charged integer,
    CONSTRAINT credit_holds_amount_check CHECK ((amount > 0)),
    CONSTRAINT credit_holds_check CHECK (((charged >= 0) AND (charged <= amount))),
    CONSTRAINT credit_holds_status_check CHECK (((status)::text = ANY ((ARRAY['held'::character varying, 'settled'::character varying])::text[])))
);

CREATE TABLE public.credit_transactions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    account_id uuid NOT NULL,
    user_id uuid NOT NULL,
    type character varying(20) NOT NULL,
    description text NOT NULL,
    amount integer NOT NULL,
    balance_after integer NOT NULL,
    status character varying(20) DEFAULT 'completed'::character varying NOT NULL,
    metadata jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    reference text,
    CONSTRAINT credit_transactions_type_check CHECK (((type)::text = ANY ((ARRAY['purchase'::character varying, 'usage'::character varying, 'refund'::character varying, 'bonus'::character varying])::text[])))
);

CREATE TABLE public.dataset_version_images (
    version_id bigint NOT NULL,
    "position" integer NOT NULL,
    image_id integer,
    sha256 text NOT NULL,
    label text NOT NULL,
    split text NOT NULL,
    CONSTRAINT dataset_version_images_split_check CHECK ((split = ANY (ARRAY['train'::text, 'val'::text, 'test'::text])))
);

CREATE TABLE public.dataset_versions (
    id bigint NOT NULL,
    job_id integer NOT NULL,
    number integer NOT NULL,
    semantic_version text NOT NULL,
    split jsonb,
    include_duplicates boolean NOT NULL,
    hash text NOT NULL,
    counts jsonb NOT NULL,
    left_out jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dataset_versions_number_check CHECK ((number > 0))
);

CREATE SEQUENCE public.dataset_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.dataset_versions_id_seq OWNED BY public.dataset_versions.id;

CREATE TABLE public.export_parts (
    export_id bigint NOT NULL,
    number integer NOT NULL,
    stage smallint NOT NULL,
    file text NOT NULL,
    first integer NOT NULL,
    last integer NOT NULL,
    result jsonb,
    done_at timestamp with time zone
);

CREATE TABLE public.exports (
    id bigint NOT NULL,
    version_id bigint NOT NULL,
    key text NOT NULL,
    options jsonb NOT NULL,
    status character varying(20) DEFAULT 'running'::character varying NOT NULL,
    attempt integer DEFAULT 1 NOT NULL,
    files jsonb DEFAULT '[]'::jsonb NOT NULL,
    failure_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    expires_at timestamp with time zone,
    restoring boolean DEFAULT false NOT NULL,
    CONSTRAINT exports_status_check CHECK (((status)::text = ANY ((ARRAY['running'::character varying, 'completed'::character varying, 'failed'::character varying, 'expired'::character varying])::text[])))
);

CREATE SEQUENCE public.exports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.exports_id_seq OWNED BY public.exports.id;

CREATE TABLE public.idempotency_keys (
    user_id uuid NOT NULL,
    key character varying(255) NOT NULL,
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.images (
    id integer NOT NULL,
    crawl_job_id integer NOT NULL,
    original_url text NOT NULL,
    filename character varying(255) NOT NULL,
    storage_url text,
    width integer,
    height integer,
    file_size integer,
    format character varying(10),
    hash character varying(64),
    is_valid boolean DEFAULT true NOT NULL,
    is_duplicate boolean DEFAULT false NOT NULL,
    labels jsonb,
    metadata jsonb,
    downloaded_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    phash bigint,
    keyword text,
    engine text,
    source_page_url text,
    creator text,
    license text,
    license_url text,
    attribution text,
    duplicate_of integer,
    thumbnail_url text,
    reviewed_label text,
    decision character varying(10),
    reviewed_at timestamp with time zone,
    CONSTRAINT images_decision_check CHECK (((decision)::text = ANY ((ARRAY['keep'::character varying, 'drop'::character varying, 'unsure'::character varying])::text[])))
);

CREATE SEQUENCE public.images_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.images_id_seq OWNED BY public.images.id;

CREATE TABLE public.job_chunks (
    id bigint NOT NULL,
    job_id integer NOT NULL,
    attempt integer NOT NULL,
    number integer NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    candidates integer DEFAULT 0 NOT NULL,
    stored integer DEFAULT 0 NOT NULL,
    duplicates integer DEFAULT 0 NOT NULL,
    rejected integer DEFAULT 0 NOT NULL,
    lost integer DEFAULT 0 NOT NULL,
    deliveries integer DEFAULT 0 NOT NULL,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    keyword text NOT NULL,
    CONSTRAINT job_chunks_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'active'::character varying, 'completed'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])))
);

CREATE SEQUENCE public.job_chunks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.job_chunks_id_seq OWNED BY public.job_chunks.id;

CREATE TABLE public.job_events (
    id bigint NOT NULL,
    job_id integer NOT NULL,
    level text NOT NULL,
    event text NOT NULL,
    message text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE public.job_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.job_events_id_seq OWNED BY public.job_events.id;

CREATE TABLE public.listed_urls (
    job_id integer NOT NULL,
    keyword text NOT NULL,
    "position" integer NOT NULL,
    url text NOT NULL,
    caption text,
    license text
);

CREATE TABLE public.notification_preferences (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    email_enabled boolean DEFAULT true NOT NULL,
    push_enabled boolean DEFAULT false NOT NULL,
    sms_enabled boolean DEFAULT false NOT NULL,
    crawl_jobs_enabled boolean DEFAULT true NOT NULL,
    datasets_enabled boolean DEFAULT true NOT NULL,
    billing_enabled boolean DEFAULT true NOT NULL,
    security_enabled boolean DEFAULT true NOT NULL,
    marketing_enabled boolean DEFAULT false NOT NULL,
    product_updates_enabled boolean DEFAULT true NOT NULL,
    digest_frequency character varying(20) DEFAULT 'daily'::character varying NOT NULL,
    quiet_hours_start time without time zone,
    quiet_hours_end time without time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.notifications (
    id integer NOT NULL,
    user_id uuid NOT NULL,
    type character varying(50) NOT NULL,
    category character varying(50),
    title character varying(255) NOT NULL,
    message text NOT NULL,
    icon character varying(50),
    color character varying(20),
    action_url text,
    action_label character varying(100),
    metadata jsonb,
    is_read boolean DEFAULT false NOT NULL,
    read_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    event_key text,
    CONSTRAINT notifications_type_check CHECK (((type)::text = ANY ((ARRAY['success'::character varying, 'info'::character varying, 'warning'::character varying, 'error'::character varying])::text[])))
);

CREATE SEQUENCE public.notifications_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.notifications_id_seq OWNED BY public.notifications.id;

CREATE TABLE public.outbox (
    id bigint NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    payload jsonb NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    available_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    last_error text
);

CREATE SEQUENCE public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;

CREATE TABLE public.profiles (
    id uuid NOT NULL,
    email character varying(255) NOT NULL,
    full_name character varying(100),
    avatar_url text,
    role character varying(20) DEFAULT 'user'::character varying NOT NULL,
    onboarding_completed boolean DEFAULT false NOT NULL,
    onboarding_completed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT profiles_role_check CHECK (((role)::text = ANY ((ARRAY['user'::character varying, 'admin'::character varying])::text[])))
);

CREATE TABLE public.projects (
    id integer NOT NULL,
    name character varying(100) NOT NULL,
    description text,
    user_id uuid NOT NULL,
    status character varying(20) DEFAULT 'active'::character varying NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT projects_status_check CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'archived'::character varying, 'deleted'::character varying])::text[])))
);

CREATE SEQUENCE public.projects_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.projects_id_seq OWNED BY public.projects.id;

CREATE UNLOGGED TABLE public.rate_limits (
    bucket text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    hits integer NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.runs (
    kind text NOT NULL,
    subject_id bigint NOT NULL,
    attempt integer NOT NULL,
    user_id uuid NOT NULL,
    status character varying(20) DEFAULT 'running'::character varying NOT NULL,
    restarts integer DEFAULT 0 NOT NULL,
    heard_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT runs_status_check CHECK (((status)::text = ANY ((ARRAY['running'::character varying, 'completed'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[])))
);

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);

CREATE TABLE public.service_settings (
    name text NOT NULL,
    value jsonb NOT NULL
);

CREATE UNLOGGED TABLE public.source_pace (
    source text NOT NULL,
    next_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.upload_rows (
    upload_id bigint NOT NULL,
    label_key text NOT NULL,
    "position" integer NOT NULL,
    url_hash bytea NOT NULL,
    url text NOT NULL,
    caption text,
    license text,
    label text
);

CREATE TABLE public.uploads (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    key uuid NOT NULL,
    kind character varying(20) NOT NULL,
    filename text NOT NULL,
    size bigint NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    etag text,
    format text,
    records integer DEFAULT 0 NOT NULL,
    rows integer DEFAULT 0 NOT NULL,
    rejected jsonb DEFAULT '{}'::jsonb NOT NULL,
    problems jsonb DEFAULT '[]'::jsonb NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    label_count integer DEFAULT 0 NOT NULL,
    failure_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    CONSTRAINT uploads_kind_check CHECK (((kind)::text = ANY ((ARRAY['url_list'::character varying, 'images'::character varying])::text[]))),
    CONSTRAINT uploads_status_check CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'running'::character varying, 'completed'::character varying, 'failed'::character varying])::text[])))
);

CREATE SEQUENCE public.uploads_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.uploads_id_seq OWNED BY public.uploads.id;

CREATE TABLE public.usage_metrics (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    metric_date date NOT NULL,
    images_processed integer DEFAULT 0 NOT NULL,
    images_limit integer DEFAULT 10000 NOT NULL,
    storage_used_gb numeric(10,2) DEFAULT 0 NOT NULL,
    storage_limit_gb numeric(10,2) DEFAULT 100 NOT NULL,
    api_calls integer DEFAULT 0 NOT NULL,
    api_calls_limit integer DEFAULT 50000 NOT NULL,
    bandwidth_used_gb numeric(10,2) DEFAULT 0 NOT NULL,
    bandwidth_limit_gb numeric(10,2) DEFAULT 500 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.activity_logs ALTER COLUMN id SET DEFAULT nextval('public.activity_logs_id_seq'::regclass);

ALTER TABLE ONLY public.crawl_answers ALTER COLUMN id SET DEFAULT nextval('public.crawl_answers_id_seq'::regclass);

ALTER TABLE ONLY public.crawl_candidates ALTER COLUMN id SET DEFAULT nextval('public.crawl_candidates_id_seq'::regclass);

ALTER TABLE ONLY public.crawl_jobs ALTER COLUMN id SET DEFAULT nextval('public.crawl_jobs_id_seq'::regclass);

ALTER TABLE ONLY public.crawl_searches ALTER COLUMN id SET DEFAULT nextval('public.crawl_searches_id_seq'::regclass);

ALTER TABLE ONLY public.dataset_versions ALTER COLUMN id SET DEFAULT nextval('public.dataset_versions_id_seq'::regclass);

ALTER TABLE ONLY public.exports ALTER COLUMN id SET DEFAULT nextval('public.exports_id_seq'::regclass);

ALTER TABLE ONLY public.images ALTER COLUMN id SET DEFAULT nextval('public.images_id_seq'::regclass);

ALTER TABLE ONLY public.job_chunks ALTER COLUMN id SET DEFAULT nextval('public.job_chunks_id_seq'::regclass);

ALTER TABLE ONLY public.job_events ALTER COLUMN id SET DEFAULT nextval('public.job_events_id_seq'::regclass);

ALTER TABLE ONLY public.notifications ALTER COLUMN id SET DEFAULT nextval('public.notifications_id_seq'::regclass);

ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);

ALTER TABLE ONLY public.projects ALTER COLUMN id SET DEFAULT nextval('public.projects_id_seq'::regclass);

ALTER TABLE ONLY public.uploads ALTER COLUMN id SET DEFAULT nextval('public.uploads_id_seq'::regclass);

ALTER TABLE ONLY public.account_locks
    ADD CONSTRAINT account_locks_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.activity_logs
    ADD CONSTRAINT activity_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.crawl_answers
    ADD CONSTRAINT crawl_answers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.crawl_candidates
    ADD CONSTRAINT crawl_candidates_job_id_url_hash_key UNIQUE (job_id, url_hash);

ALTER TABLE ONLY public.crawl_candidates
    ADD CONSTRAINT crawl_candidates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.crawl_jobs
    ADD CONSTRAINT crawl_jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.crawl_keywords
    ADD CONSTRAINT crawl_keywords_pkey PRIMARY KEY (job_id, keyword);

ALTER TABLE ONLY public.crawl_searches
    ADD CONSTRAINT crawl_searches_job_id_keyword_query_engine_key UNIQUE (job_id, keyword, query, engine);

ALTER TABLE ONLY public.crawl_searches
    ADD CONSTRAINT crawl_searches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_accounts
    ADD CONSTRAINT credit_accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_accounts
    ADD CONSTRAINT credit_accounts_user_id_key UNIQUE (user_id);

ALTER TABLE ONLY public.credit_holds
    ADD CONSTRAINT credit_holds_pkey PRIMARY KEY (job_id, attempt);

ALTER TABLE ONLY public.credit_transactions
    ADD CONSTRAINT credit_transactions_account_id_reference_key UNIQUE (account_id, reference);

ALTER TABLE ONLY public.credit_transactions
    ADD CONSTRAINT credit_transactions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.dataset_version_images
    ADD CONSTRAINT dataset_version_images_pkey PRIMARY KEY (version_id, "position");

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT dataset_versions_job_id_number_key UNIQUE (job_id, number);

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT dataset_versions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.export_parts
    ADD CONSTRAINT export_parts_pkey PRIMARY KEY (export_id, number);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_version_id_key_key UNIQUE (version_id, key);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key);

ALTER TABLE ONLY public.images
    ADD CONSTRAINT images_crawl_job_id_hash_key UNIQUE (crawl_job_id, hash);

ALTER TABLE ONLY public.images
    ADD CONSTRAINT images_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.job_chunks
    ADD CONSTRAINT job_chunks_job_id_number_key UNIQUE (job_id, number);

ALTER TABLE ONLY public.job_chunks
    ADD CONSTRAINT job_chunks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.job_events
    ADD CONSTRAINT job_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.listed_urls
    ADD CONSTRAINT listed_urls_pkey PRIMARY KEY (job_id, keyword, "position");

ALTER TABLE ONLY public.notification_preferences
    ADD CONSTRAINT notification_preferences_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notification_preferences
    ADD CONSTRAINT notification_preferences_user_id_key UNIQUE (user_id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_user_id_event_key_key UNIQUE (user_id, event_key);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_key_key UNIQUE (key);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_email_key UNIQUE (email);

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (bucket);

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (kind, subject_id, attempt);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.service_settings
    ADD CONSTRAINT service_settings_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.source_pace
    ADD CONSTRAINT source_pace_pkey PRIMARY KEY (source);

ALTER TABLE ONLY public.upload_rows
    ADD CONSTRAINT upload_rows_pkey PRIMARY KEY (upload_id, label_key, "position");

ALTER TABLE ONLY public.upload_rows
    ADD CONSTRAINT upload_rows_upload_id_url_hash_key UNIQUE (upload_id, url_hash);

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.usage_metrics
    ADD CONSTRAINT usage_metrics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.usage_metrics
    ADD CONSTRAINT usage_metrics_user_id_metric_date_key UNIQUE (user_id, metric_date);

CREATE INDEX activity_logs_user_id_timestamp_idx ON public.activity_logs USING btree (user_id, "timestamp" DESC);

CREATE INDEX api_keys_user_id_idx ON public.api_keys USING btree (user_id);

CREATE INDEX crawl_answers_search_id_idx ON public.crawl_answers USING btree (search_id);

CREATE INDEX crawl_candidates_chunk_id_idx ON public.crawl_candidates USING btree (chunk_id);

CREATE INDEX crawl_candidates_copies_idx ON public.crawl_candidates USING btree (job_id) WHERE (copy_hash IS NOT NULL);

CREATE INDEX crawl_candidates_image_id_idx ON public.crawl_candidates USING btree (image_id) WHERE (image_id IS NOT NULL);

CREATE INDEX crawl_candidates_search_id_idx ON public.crawl_candidates USING btree (search_id);

CREATE INDEX crawl_candidates_spare_idx ON public.crawl_candidates USING btree (job_id, keyword) WHERE (outcome = 'over_quota'::text);

CREATE INDEX crawl_candidates_uncut_idx ON public.crawl_candidates USING btree (job_id, keyword, rank, search_id) WHERE ((chunk_id IS NULL) AND (outcome IS NULL));

CREATE INDEX crawl_jobs_created_at_idx ON public.crawl_jobs USING btree (created_at);

CREATE INDEX crawl_jobs_failed_idx ON public.crawl_jobs USING btree (completed_at) WHERE ((status)::text = 'failed'::text);

CREATE INDEX crawl_jobs_project_id_status_idx ON public.crawl_jobs USING btree (project_id, status);

CREATE INDEX crawl_jobs_running_idx ON public.crawl_jobs USING btree (project_id) WHERE ((status)::text = 'running'::text);

CREATE INDEX crawl_jobs_upload_id_idx ON public.crawl_jobs USING btree (upload_id) WHERE (upload_id IS NOT NULL);

CREATE INDEX credit_holds_user_id_idx ON public.credit_holds USING btree (user_id);

CREATE INDEX credit_transactions_user_id_idx ON public.credit_transactions USING btree (user_id, created_at DESC, id DESC);

CREATE INDEX dataset_version_images_image_id_idx ON public.dataset_version_images USING btree (image_id) WHERE (image_id IS NOT NULL);

CREATE INDEX dataset_version_images_withdrawn_idx ON public.dataset_version_images USING btree (version_id) WHERE (image_id IS NULL);

CREATE INDEX exports_expires_at_idx ON public.exports USING btree (expires_at) WHERE ((status)::text = 'completed'::text);

CREATE INDEX idempotency_keys_created_at_idx ON public.idempotency_keys USING btree (created_at);

CREATE INDEX images_crawl_job_id_idx ON public.images USING btree (crawl_job_id, id);

CREATE INDEX images_duplicate_of_idx ON public.images USING btree (duplicate_of) WHERE (duplicate_of IS NOT NULL);

CREATE INDEX images_hash_idx ON public.images USING btree (hash);

CREATE INDEX images_near_duplicates_idx ON public.images USING btree (crawl_job_id, id) WHERE (duplicate_of IS NOT NULL);

CREATE INDEX images_original_url_idx ON public.images USING hash (original_url);

CREATE INDEX images_phash_third_0_idx ON public.images USING btree (crawl_job_id, ((phash & (2097151)::bigint))) WHERE (NOT is_duplicate);

CREATE INDEX images_phash_third_1_idx ON public.images USING btree (crawl_job_id, (((phash >> 21) & (2097151)::bigint))) WHERE (NOT is_duplicate);

CREATE INDEX images_phash_third_2_idx ON public.images USING btree (crawl_job_id, (((phash >> 42) & (4194303)::bigint))) WHERE (NOT is_duplicate);

CREATE INDEX job_chunks_ended_idx ON public.job_chunks USING btree (job_id, completed_at DESC) WHERE ((status)::text = ANY ((ARRAY['completed'::character varying, 'failed'::character varying])::text[]));

CREATE INDEX job_chunks_open_idx ON public.job_chunks USING btree (job_id) WHERE ((status)::text = ANY ((ARRAY['pending'::character varying, 'active'::character varying])::text[]));

CREATE INDEX job_events_job_id_idx ON public.job_events USING btree (job_id, id);

CREATE INDEX notifications_unread_idx ON public.notifications USING btree (user_id) WHERE (NOT is_read);

CREATE INDEX notifications_user_id_idx ON public.notifications USING btree (user_id, created_at DESC);

CREATE INDEX outbox_unsent_idx ON public.outbox USING btree (available_at, id) WHERE (sent_at IS NULL);

CREATE INDEX projects_user_id_idx ON public.projects USING btree (user_id);

CREATE INDEX runs_ended_at_idx ON public.runs USING btree (ended_at);

CREATE INDEX runs_heard_at_idx ON public.runs USING btree (kind, heard_at) WHERE ((status)::text = 'running'::text);

CREATE UNIQUE INDEX runs_one_at_a_time_idx ON public.runs USING btree (kind, subject_id) WHERE ((status)::text = 'running'::text);

CREATE INDEX runs_user_id_idx ON public.runs USING btree (user_id);

CREATE INDEX uploads_pending_idx ON public.uploads USING btree (created_at) WHERE ((status)::text = 'pending'::text);

CREATE INDEX uploads_user_id_idx ON public.uploads USING btree (user_id, id);

CREATE INDEX usage_metrics_metric_date_idx ON public.usage_metrics USING btree (metric_date);

CREATE TRIGGER on_auth_user_address_changed AFTER UPDATE OF email ON auth.users FOR EACH ROW WHEN (((old.email)::text IS DISTINCT FROM (new.email)::text)) EXECUTE FUNCTION public.handle_changed_address();

CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();

CREATE TRIGGER clean_up AFTER DELETE ON public.crawl_jobs REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.clean_up_after_jobs();

CREATE TRIGGER clean_up AFTER DELETE ON public.uploads REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.clean_up_after_uploads();

CREATE TRIGGER forget_messages AFTER DELETE ON public.profiles REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.forget_messages();

CREATE TRIGGER keep_identity BEFORE INSERT OR UPDATE OF id, email ON public.profiles FOR EACH ROW WHEN ((CURRENT_USER = 'authenticated'::name)) EXECUTE FUNCTION public.keep_identity();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.api_keys FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.crawl_jobs FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.credit_accounts FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.notification_preferences FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.profiles FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.projects FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

ALTER TABLE ONLY public.activity_logs
    ADD CONSTRAINT activity_logs_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.crawl_answers
    ADD CONSTRAINT crawl_answers_search_id_fkey FOREIGN KEY (search_id) REFERENCES public.crawl_searches(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.crawl_candidates
    ADD CONSTRAINT crawl_candidates_chunk_id_fkey FOREIGN KEY (chunk_id) REFERENCES public.job_chunks(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.crawl_candidates
    ADD CONSTRAINT crawl_candidates_image_id_fkey FOREIGN KEY (image_id) REFERENCES public.images(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.crawl_candidates
    ADD CONSTRAINT crawl_candidates_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.crawl_candidates
    ADD CONSTRAINT crawl_candidates_search_id_fkey FOREIGN KEY (search_id) REFERENCES public.crawl_searches(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.crawl_jobs
    ADD CONSTRAINT crawl_jobs_project_id_fkey FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.crawl_keywords
    ADD CONSTRAINT crawl_keywords_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.crawl_searches
    ADD CONSTRAINT crawl_searches_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_accounts
    ADD CONSTRAINT credit_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_holds
    ADD CONSTRAINT credit_holds_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_holds
    ADD CONSTRAINT credit_holds_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_transactions
    ADD CONSTRAINT credit_transactions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.credit_accounts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_transactions
    ADD CONSTRAINT credit_transactions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.dataset_version_images
    ADD CONSTRAINT dataset_version_images_image_id_fkey FOREIGN KEY (image_id) REFERENCES public.images(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.dataset_version_images
    ADD CONSTRAINT dataset_version_images_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.dataset_versions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT dataset_versions_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.export_parts
    ADD CONSTRAINT export_parts_export_id_fkey FOREIGN KEY (export_id) REFERENCES public.exports(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_version_id_fkey FOREIGN KEY (version_id) REFERENCES public.dataset_versions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.images
    ADD CONSTRAINT images_crawl_job_id_fkey FOREIGN KEY (crawl_job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.images
    ADD CONSTRAINT images_duplicate_of_fkey FOREIGN KEY (duplicate_of) REFERENCES public.images(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.job_chunks
    ADD CONSTRAINT job_chunks_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.job_events
    ADD CONSTRAINT job_events_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.listed_urls
    ADD CONSTRAINT listed_urls_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.crawl_jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notification_preferences
    ADD CONSTRAINT notification_preferences_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.notifications
    ADD CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_id_fkey FOREIGN KEY (id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.upload_rows
    ADD CONSTRAINT upload_rows_upload_id_fkey FOREIGN KEY (upload_id) REFERENCES public.uploads(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage_metrics
    ADD CONSTRAINT usage_metrics_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE public.account_locks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.activity_logs ENABLE ROW LEVEL SECURITY;

CREATE POLICY activity_logs_select_own ON public.activity_logs FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.api_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_keys_select_own ON public.api_keys FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.crawl_answers ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.crawl_candidates ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.crawl_jobs ENABLE ROW LEVEL SECURITY;

CREATE POLICY crawl_jobs_select_own ON public.crawl_jobs FOR SELECT TO authenticated USING ((project_id = ANY (ARRAY( SELECT project.id
   FROM public.projects project
  WHERE (project.user_id = ( SELECT auth.uid() AS uid))))));

ALTER TABLE public.crawl_keywords ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.crawl_searches ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.credit_accounts ENABLE ROW LEVEL SECURITY;

CREATE POLICY credit_accounts_select_own ON public.credit_accounts FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.credit_holds ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.credit_transactions ENABLE ROW LEVEL SECURITY;

CREATE POLICY credit_transactions_select_own ON public.credit_transactions FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.dataset_version_images ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.dataset_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.export_parts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.exports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.images ENABLE ROW LEVEL SECURITY;

CREATE POLICY images_select_own ON public.images FOR SELECT TO authenticated USING ((crawl_job_id = ANY (ARRAY( SELECT job.id
   FROM (public.crawl_jobs job
     JOIN public.projects project ON ((project.id = job.project_id)))
  WHERE (project.user_id = ( SELECT auth.uid() AS uid))))));

ALTER TABLE public.job_chunks ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.job_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.listed_urls ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification_preferences ENABLE ROW LEVEL SECURITY;

CREATE POLICY notification_preferences_insert_own ON public.notification_preferences FOR INSERT TO authenticated WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY notification_preferences_select_own ON public.notification_preferences FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY notification_preferences_update_own ON public.notification_preferences FOR UPDATE TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid))) WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.notifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY notifications_delete_own ON public.notifications FOR DELETE TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY notifications_select_own ON public.notifications FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY notifications_update_own ON public.notifications FOR UPDATE TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid))) WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.outbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;

CREATE POLICY profiles_insert_own ON public.profiles FOR INSERT TO authenticated WITH CHECK ((id = ( SELECT auth.uid() AS uid)));

CREATE POLICY profiles_select_own ON public.profiles FOR SELECT TO authenticated USING ((id = ( SELECT auth.uid() AS uid)));

CREATE POLICY profiles_update_own ON public.profiles FOR UPDATE TO authenticated USING ((id = ( SELECT auth.uid() AS uid))) WITH CHECK ((id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.projects ENABLE ROW LEVEL SECURITY;

CREATE POLICY projects_delete_own ON public.projects FOR DELETE TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY projects_insert_own ON public.projects FOR INSERT TO authenticated WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY projects_select_own ON public.projects FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

CREATE POLICY projects_update_own ON public.projects FOR UPDATE TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid))) WITH CHECK ((user_id = ( SELECT auth.uid() AS uid)));

ALTER TABLE public.rate_limits ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.runs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.schema_migrations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.service_settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.source_pace ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.upload_rows ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.uploads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.usage_metrics ENABLE ROW LEVEL SECURITY;

CREATE POLICY usage_metrics_select_own ON public.usage_metrics FOR SELECT TO authenticated USING ((user_id = ( SELECT auth.uid() AS uid)));

ALTER PUBLICATION supabase_realtime ADD TABLE ONLY public.crawl_jobs;

ALTER PUBLICATION supabase_realtime ADD TABLE ONLY public.notifications;

REVOKE ALL ON FUNCTION public.clean_up_after_jobs() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.clean_up_after_uploads() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.forget_messages() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.handle_changed_address() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.handle_new_user() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.keep_identity() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.label_of(categories jsonb, keyword text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.label_of(categories jsonb, keyword text) TO service_role;

REVOKE ALL ON FUNCTION public.provision_user(user_id uuid, email text, full_name text, avatar_url text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.provision_user(user_id uuid, email text, full_name text, avatar_url text) TO service_role;

REVOKE ALL ON FUNCTION public.set_address(account uuid, address text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.set_updated_at() FROM PUBLIC;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.account_locks TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.activity_logs TO service_role;
GRANT SELECT ON TABLE public.activity_logs TO authenticated;

GRANT ALL ON SEQUENCE public.activity_logs_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.api_keys TO service_role;

GRANT SELECT(id) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(user_id) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(name) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(key_prefix) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(status) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(permissions) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(rate_limit) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(usage_count) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(last_used_at) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(last_used_ip) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(expires_at) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(created_at) ON TABLE public.api_keys TO authenticated;

GRANT SELECT(updated_at) ON TABLE public.api_keys TO authenticated;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.crawl_answers TO service_role;

GRANT ALL ON SEQUENCE public.crawl_answers_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.crawl_candidates TO service_role;

GRANT ALL ON SEQUENCE public.crawl_candidates_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.crawl_jobs TO service_role;
GRANT SELECT ON TABLE public.crawl_jobs TO authenticated;

GRANT ALL ON SEQUENCE public.crawl_jobs_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.crawl_keywords TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.crawl_searches TO service_role;

GRANT ALL ON SEQUENCE public.crawl_searches_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.credit_accounts TO service_role;
GRANT SELECT ON TABLE public.credit_accounts TO authenticated;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.credit_holds TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.credit_transactions TO service_role;
GRANT SELECT ON TABLE public.credit_transactions TO authenticated;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dataset_version_images TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.dataset_versions TO service_role;

GRANT ALL ON SEQUENCE public.dataset_versions_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.export_parts TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.exports TO service_role;

GRANT ALL ON SEQUENCE public.exports_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_keys TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.images TO service_role;
GRANT SELECT ON TABLE public.images TO authenticated;

GRANT ALL ON SEQUENCE public.images_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.job_chunks TO service_role;

GRANT ALL ON SEQUENCE public.job_chunks_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.job_events TO service_role;

GRANT ALL ON SEQUENCE public.job_events_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.listed_urls TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.notification_preferences TO service_role;
GRANT SELECT ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(user_id) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(email_enabled),UPDATE(email_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(push_enabled),UPDATE(push_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(sms_enabled),UPDATE(sms_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(crawl_jobs_enabled),UPDATE(crawl_jobs_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(datasets_enabled),UPDATE(datasets_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(billing_enabled),UPDATE(billing_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(security_enabled),UPDATE(security_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(marketing_enabled),UPDATE(marketing_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(product_updates_enabled),UPDATE(product_updates_enabled) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(digest_frequency),UPDATE(digest_frequency) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(quiet_hours_start),UPDATE(quiet_hours_start) ON TABLE public.notification_preferences TO authenticated;

GRANT INSERT(quiet_hours_end),UPDATE(quiet_hours_end) ON TABLE public.notification_preferences TO authenticated;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.notifications TO service_role;
GRANT SELECT,DELETE ON TABLE public.notifications TO authenticated;

GRANT UPDATE(is_read) ON TABLE public.notifications TO authenticated;

GRANT UPDATE(read_at) ON TABLE public.notifications TO authenticated;

GRANT ALL ON SEQUENCE public.notifications_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO service_role;

GRANT ALL ON SEQUENCE public.outbox_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.profiles TO service_role;
GRANT SELECT ON TABLE public.profiles TO authenticated;

GRANT INSERT(id),UPDATE(id) ON TABLE public.profiles TO authenticated;

GRANT INSERT(email),UPDATE(email) ON TABLE public.profiles TO authenticated;

GRANT INSERT(full_name),UPDATE(full_name) ON TABLE public.profiles TO authenticated;

GRANT INSERT(avatar_url),UPDATE(avatar_url) ON TABLE public.profiles TO authenticated;

GRANT INSERT(onboarding_completed),UPDATE(onboarding_completed) ON TABLE public.profiles TO authenticated;

GRANT INSERT(onboarding_completed_at),UPDATE(onboarding_completed_at) ON TABLE public.profiles TO authenticated;

GRANT INSERT(updated_at),UPDATE(updated_at) ON TABLE public.profiles TO authenticated;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.projects TO service_role;
GRANT SELECT,DELETE ON TABLE public.projects TO authenticated;

GRANT INSERT(name),UPDATE(name) ON TABLE public.projects TO authenticated;

GRANT INSERT(description),UPDATE(description) ON TABLE public.projects TO authenticated;

GRANT INSERT(user_id) ON TABLE public.projects TO authenticated;

GRANT INSERT(status),UPDATE(status) ON TABLE public.projects TO authenticated;

GRANT UPDATE(updated_at) ON TABLE public.projects TO authenticated;

GRANT ALL ON SEQUENCE public.projects_id_seq TO service_role;
GRANT USAGE ON SEQUENCE public.projects_id_seq TO authenticated;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.rate_limits TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.runs TO service_role;

GRANT SELECT ON TABLE public.schema_migrations TO service_role;

GRANT SELECT,INSERT,UPDATE ON TABLE public.service_settings TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.source_pace TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.upload_rows TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.uploads TO service_role;

GRANT ALL ON SEQUENCE public.uploads_id_seq TO service_role;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.usage_metrics TO service_role;
GRANT SELECT ON TABLE public.usage_metrics TO authenticated;

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON SEQUENCES TO service_role;

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON FUNCTIONS TO service_role;

ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON TABLES TO service_role;

INSERT INTO public.service_settings (name, value) VALUES
  ('signup_bonus_credits', '1000');

-- What is in this file already, for dbmate.
INSERT INTO public.schema_migrations (version) VALUES
  ('20261201100001'),
  ('20261201100002'),
  ('20261201100003'),
  ('20261201100004'),
  ('20261201110001'),
  ('20261201110002'),
  ('20261201110003'),
  ('20261201110004'),
  ('20261201110011'),
  ('20261201110012');

COMMIT;
