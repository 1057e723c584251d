-- migrate:up

-- What a person has from the moment of signing up; what is there already stays. The one place
-- that makes it: called for every new row of auth.users, and for users who are older than that.
CREATE FUNCTION public.provision_user(
  user_id uuid, email text, full_name text, avatar_url text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  -- SIGNUP_BONUS_CREDITS of the settings says the same number: a trigger cannot read those.
  signup_bonus CONSTANT integer := 100;
  account uuid;
BEGIN
  INSERT INTO public.profiles (id, email, full_name, avatar_url)
  VALUES (
    provision_user.user_id,
    coalesce(provision_user.email, provision_user.user_id || '@no-email.invalid'),  -- by phone
    left(provision_user.full_name, 100),
    provision_user.avatar_url
  )
  ON CONFLICT (id) DO NOTHING;

  INSERT INTO public.credit_accounts (user_id, current_balance)
  VALUES (provision_user.user_id, signup_bonus)
  ON CONFLICT ON CONSTRAINT credit_accounts_user_id_key DO NOTHING
  RETURNING id INTO account;
  IF account IS NOT NULL THEN
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
CREATE OR REPLACE FUNCTION public.handle_new_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM public.provision_user(
    NEW.id, NEW.email, NEW.raw_user_meta_data ->> 'full_name',
    NEW.raw_user_meta_data ->> 'avatar_url'
  );
  RETURN NEW;
END $$;

-- migrate:down

CREATE OR REPLACE FUNCTION public.handle_new_user() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  signup_bonus CONSTANT integer := 100;
  account uuid;
BEGIN
  INSERT INTO public.profiles (id, email, full_name, avatar_url)
  VALUES (
    NEW.id,
    coalesce(NEW.email, NEW.id || '@no-email.invalid'),
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

DROP FUNCTION public.provision_user(uuid, text, text, text);
