-- migrate:up

-- Supabase opens every new table of public to the API roles. Here a table starts closed, so that
-- forgetting a grant breaks a feature and never a secret.
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM anon, authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM anon, authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON FUNCTIONS FROM anon, authenticated;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, anon, authenticated;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, anon, authenticated;

DO $$
DECLARE
  name regclass;
BEGIN
  -- schema_migrations is among them.
  FOR name IN SELECT oid FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
  LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
  END LOOP;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO service_role;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO service_role;
REVOKE INSERT, UPDATE, DELETE ON public.schema_migrations FROM service_role;
REVOKE DELETE ON public.service_settings FROM service_role;

-- (SELECT auth.uid()) is evaluated once a query; auth.uid() alone would be once a row.

-- PostgREST makes an upsert an INSERT … ON CONFLICT DO UPDATE that sets every given column, so
-- whoever upserts their profile needs both rights on each column, id and email too. What the
-- columns may hold is up to the trigger keep_identity: a grant cannot say "unchanged". updated_at
-- may be named; set_updated_at() has the last word.
GRANT SELECT ON public.profiles TO authenticated;
GRANT INSERT (id, email, full_name, avatar_url, onboarding_completed, onboarding_completed_at,
  updated_at) ON public.profiles TO authenticated;
GRANT UPDATE (id, email, full_name, avatar_url, onboarding_completed, onboarding_completed_at,
  updated_at) ON public.profiles TO authenticated;
CREATE POLICY profiles_insert_own ON public.profiles FOR INSERT TO authenticated
  WITH CHECK (id = (SELECT auth.uid()));
CREATE POLICY profiles_select_own ON public.profiles FOR SELECT TO authenticated
  USING (id = (SELECT auth.uid()));
CREATE POLICY profiles_update_own ON public.profiles FOR UPDATE TO authenticated
  USING (id = (SELECT auth.uid())) WITH CHECK (id = (SELECT auth.uid()));

GRANT SELECT, DELETE ON public.projects TO authenticated;
GRANT INSERT (name, description, user_id, status) ON public.projects TO authenticated;
GRANT UPDATE (name, description, status, updated_at) ON public.projects TO authenticated;
GRANT USAGE ON SEQUENCE public.projects_id_seq TO authenticated;
CREATE POLICY projects_select_own ON public.projects FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));
CREATE POLICY projects_insert_own ON public.projects FOR INSERT TO authenticated
  WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY projects_update_own ON public.projects FOR UPDATE TO authenticated
  USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY projects_delete_own ON public.projects FOR DELETE TO authenticated
  USING (user_id = (SELECT auth.uid()));

-- = ANY (ARRAY(…)) rather than IN: the list is computed once and the index is used, where IN
-- would filter the rows of all users one by one.
GRANT SELECT ON public.crawl_jobs TO authenticated;
CREATE POLICY crawl_jobs_select_own ON public.crawl_jobs FOR SELECT TO authenticated
  USING (project_id = ANY (ARRAY(
    SELECT project.id FROM public.projects AS project
    WHERE project.user_id = (SELECT auth.uid())
  )));

GRANT SELECT ON public.images TO authenticated;
CREATE POLICY images_select_own ON public.images FOR SELECT TO authenticated
  USING (crawl_job_id = ANY (ARRAY(
    SELECT job.id FROM public.crawl_jobs AS job
    JOIN public.projects AS project ON project.id = job.project_id
    WHERE project.user_id = (SELECT auth.uid())
  )));

GRANT SELECT ON public.activity_logs TO authenticated;
CREATE POLICY activity_logs_select_own ON public.activity_logs FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));

-- Every column but key_hash.
GRANT SELECT (id, user_id, name, key_prefix, status, permissions, rate_limit, usage_count,
  last_used_at, last_used_ip, expires_at, created_at, updated_at)
  ON public.api_keys TO authenticated;
CREATE POLICY api_keys_select_own ON public.api_keys FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));

GRANT SELECT ON public.credit_accounts TO authenticated;
CREATE POLICY credit_accounts_select_own ON public.credit_accounts FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));

GRANT SELECT ON public.credit_transactions TO authenticated;
CREATE POLICY credit_transactions_select_own ON public.credit_transactions
  FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));

GRANT SELECT, DELETE ON public.notifications TO authenticated;
GRANT UPDATE (is_read, read_at) ON public.notifications TO authenticated;
CREATE POLICY notifications_select_own ON public.notifications FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));
CREATE POLICY notifications_update_own ON public.notifications FOR UPDATE TO authenticated
  USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY notifications_delete_own ON public.notifications FOR DELETE TO authenticated
  USING (user_id = (SELECT auth.uid()));

GRANT SELECT ON public.notification_preferences TO authenticated;
GRANT INSERT (user_id, email_enabled, push_enabled, sms_enabled, crawl_jobs_enabled,
  datasets_enabled, billing_enabled, security_enabled, marketing_enabled,
  product_updates_enabled, digest_frequency, quiet_hours_start, quiet_hours_end)
  ON public.notification_preferences TO authenticated;
GRANT UPDATE (email_enabled, push_enabled, sms_enabled, crawl_jobs_enabled,
  datasets_enabled, billing_enabled, security_enabled, marketing_enabled,
  product_updates_enabled, digest_frequency, quiet_hours_start, quiet_hours_end)
  ON public.notification_preferences TO authenticated;
CREATE POLICY notification_preferences_select_own ON public.notification_preferences
  FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));
CREATE POLICY notification_preferences_insert_own ON public.notification_preferences
  FOR INSERT TO authenticated
  WITH CHECK (user_id = (SELECT auth.uid()));
CREATE POLICY notification_preferences_update_own ON public.notification_preferences
  FOR UPDATE TO authenticated
  USING (user_id = (SELECT auth.uid())) WITH CHECK (user_id = (SELECT auth.uid()));

GRANT SELECT ON public.usage_metrics TO authenticated;
CREATE POLICY usage_metrics_select_own ON public.usage_metrics FOR SELECT TO authenticated
  USING (user_id = (SELECT auth.uid()));

-- migrate:down

DO $$
DECLARE
  policy record;
BEGIN
  FOR policy IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'public' LOOP
    EXECUTE format('DROP POLICY %I ON public.%I', policy.policyname, policy.tablename);
  END LOOP;
END $$;
