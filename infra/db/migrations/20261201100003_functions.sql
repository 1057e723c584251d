-- migrate:up

-- A row says when it was changed, not when a transaction began that may have waited for the row.
CREATE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = clock_timestamp();
  RETURN NEW;
END $$;

CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.profiles
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.projects
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.crawl_jobs
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.api_keys
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.credit_accounts
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();
CREATE TRIGGER set_updated_at BEFORE UPDATE ON public.notification_preferences
  FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- A profile has the address that its account has at Auth, from the moment it changes there. Auth
-- lets some accounts share one (single sign-on), and some have none (anonymous, by phone): such a
-- profile has an address that nobody can have. Who has given up theirs loses it to its new owner.
CREATE FUNCTION public.set_address(account uuid, address text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
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
REVOKE ALL ON FUNCTION public.set_address(uuid, text)
  FROM PUBLIC, anon, authenticated, service_role;

-- What a person has from the moment of signing up; what is there already stays. The one place
-- that makes it: called for every new row of auth.users, and for users who are older than that.
-- The bonus is what SIGNUP_BONUS_CREDITS says; none leaves no line in the ledger.
CREATE FUNCTION public.provision_user(
  user_id uuid, email text, full_name text, avatar_url text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
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

REVOKE ALL ON FUNCTION public.provision_user(uuid, text, text, text)
  FROM PUBLIC, anon, authenticated, service_role;
GRANT EXECUTE ON FUNCTION public.provision_user(uuid, text, text, text) TO service_role;

-- Nothing but name and picture is taken from the metadata, which the person wrote.
CREATE FUNCTION public.handle_new_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM public.provision_user(
    NEW.id, NEW.email, NEW.raw_user_meta_data ->> 'full_name',
    NEW.raw_user_meta_data ->> 'avatar_url'
  );
  RETURN NEW;
END $$;

REVOKE ALL ON FUNCTION public.set_updated_at(), public.handle_new_user()
  FROM PUBLIC, anon, authenticated, service_role;

CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
  FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();

CREATE FUNCTION public.handle_changed_address() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM public.set_address(NEW.id, NEW.email);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION public.handle_changed_address()
  FROM PUBLIC, anon, authenticated, service_role;
CREATE TRIGGER on_auth_user_address_changed AFTER UPDATE OF email ON auth.users
  FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email)
  EXECUTE FUNCTION public.handle_changed_address();

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

-- Whoever deletes a job, by itself, with its project or with its account: one that runs stays (it
-- holds credits, and a chunk of it may be about to store images), and the blobs of all others are
-- promised to be deleted, a hundred jobs a message, as CleanupMessage in shared/jobs/messages.py
-- has it.
CREATE FUNCTION public.clean_up_after_jobs() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
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
REVOKE ALL ON FUNCTION public.clean_up_after_jobs()
  FROM PUBLIC, anon, authenticated, service_role;
CREATE TRIGGER clean_up AFTER DELETE ON public.crawl_jobs REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION public.clean_up_after_jobs();

-- Names stand in what was sent to a person, or is still to be sent: it goes with the account. What
-- somebody has locked is being sent or purged this moment.
CREATE FUNCTION public.forget_messages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  DELETE FROM public.outbox WHERE id IN (
    SELECT id FROM public.outbox
    WHERE kind = 'queue_message'
      AND payload #>> '{message,user_id}' IN (SELECT gone.id::text FROM gone)
    FOR UPDATE SKIP LOCKED);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION public.forget_messages() FROM PUBLIC, anon, authenticated, service_role;
CREATE TRIGGER forget_messages AFTER DELETE ON public.profiles REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION public.forget_messages();

-- The frontend's live views of jobs and notifications.
ALTER PUBLICATION supabase_realtime ADD TABLE public.crawl_jobs, public.notifications;

-- migrate:down

ALTER PUBLICATION supabase_realtime DROP TABLE public.crawl_jobs, public.notifications;
DROP TRIGGER on_auth_user_created ON auth.users;
DROP TRIGGER on_auth_user_address_changed ON auth.users;
DROP FUNCTION public.set_updated_at(), public.keep_identity(), public.clean_up_after_jobs(),
  public.forget_messages() CASCADE;
DROP FUNCTION public.handle_new_user(), public.handle_changed_address(),
  public.provision_user(uuid, text, text, text), public.set_address(uuid, text);
