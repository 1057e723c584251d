-- migrate:up

-- PostgREST makes an upsert an INSERT … ON CONFLICT DO UPDATE that sets every given column, so
-- whoever upserts their profile needs both rights on each column, id and email too. What the
-- columns may hold is up to the trigger: a grant cannot say "unchanged". updated_at may be named;
-- set_updated_at() has the last word.
GRANT INSERT (id, email, full_name, avatar_url, onboarding_completed, onboarding_completed_at,
  updated_at) ON public.profiles TO authenticated;
GRANT UPDATE (id, email, updated_at) ON public.profiles TO authenticated;
CREATE POLICY profiles_insert_own ON public.profiles FOR INSERT TO authenticated
  WITH CHECK (id = (SELECT auth.uid()));

GRANT UPDATE (updated_at) ON public.projects TO authenticated;

-- Runs as the caller, who sees no profile but their own. It comes before the conflict is looked
-- for: a row that is not there yet is refused, since signing up makes it with all that belongs.
CREATE FUNCTION public.keep_identity() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM public.profiles WHERE id = NEW.id AND email = NEW.email) THEN
    RAISE insufficient_privilege USING
      MESSAGE = 'id and email of a profile cannot be changed, nor profiles be made';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION public.keep_identity() FROM PUBLIC, anon, authenticated, service_role;
CREATE TRIGGER keep_identity BEFORE INSERT OR UPDATE OF id, email ON public.profiles
  FOR EACH ROW WHEN (current_user = 'authenticated') EXECUTE FUNCTION public.keep_identity();

-- migrate:down

DROP TRIGGER keep_identity ON public.profiles;
DROP FUNCTION public.keep_identity();
REVOKE UPDATE (updated_at) ON public.projects FROM authenticated;
DROP POLICY profiles_insert_own ON public.profiles;
REVOKE UPDATE (id, email, updated_at) ON public.profiles FROM authenticated;
REVOKE INSERT (id, email, full_name, avatar_url, onboarding_completed, onboarding_completed_at,
  updated_at) ON public.profiles FROM authenticated;
