-- migrate:up

CREATE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
  NEW.updated_at = now();
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

-- What a person has from the moment of signing up. Nothing but name and picture is taken from
-- the metadata, which the person wrote.
CREATE FUNCTION public.handle_new_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  -- SIGNUP_BONUS_CREDITS of the settings says the same number: a trigger cannot read those.
  signup_bonus CONSTANT integer := 100;
  account uuid;
BEGIN
  INSERT INTO public.profiles (id, email, full_name, avatar_url)
  VALUES (
    NEW.id,
    coalesce(NEW.email, NEW.id || '@no-email.invalid'),  -- signed up by phone
    left(NEW.raw_user_meta_data ->> 'full_name', 100),
    NEW.raw_user_meta_data ->> 'avatar_url'
  )
  ON CONFLICT (id) DO NOTHING;

  INSERT INTO public.credit_accounts (user_id, current_balance)
  VALUES (NEW.id, signup_bonus)
  ON CONFLICT (user_id) DO NOTHING
  RETURNING id INTO account;
  IF account IS NOT NULL THEN
    INSERT INTO public.credit_transactions
      (account_id, user_id, type, description, amount, balance_after, reference)
    VALUES (account, NEW.id, 'bonus', 'Signup bonus', signup_bonus, signup_bonus, 'signup');
  END IF;

  INSERT INTO public.notification_preferences (user_id) VALUES (NEW.id)
  ON CONFLICT (user_id) DO NOTHING;
  RETURN NEW;
END $$;

REVOKE ALL ON FUNCTION public.set_updated_at(), public.handle_new_user()
  FROM PUBLIC, anon, authenticated, service_role;

CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
  FOR EACH ROW EXECUTE FUNCTION public.handle_new_user();

-- The frontend's live views of jobs and notifications.
ALTER PUBLICATION supabase_realtime ADD TABLE public.crawl_jobs, public.notifications;

-- migrate:down

ALTER PUBLICATION supabase_realtime DROP TABLE public.crawl_jobs, public.notifications;
DROP TRIGGER on_auth_user_created ON auth.users;
DROP FUNCTION public.handle_new_user();
DROP FUNCTION public.set_updated_at() CASCADE;
