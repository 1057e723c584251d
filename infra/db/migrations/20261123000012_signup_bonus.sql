-- migrate:up

-- What triggers need of the app's settings: the app writes it, every minute if need be.
CREATE TABLE public.service_settings (
  name text PRIMARY KEY,
  value jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE public.service_settings ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON public.service_settings FROM PUBLIC, anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE ON public.service_settings TO service_role;

-- As before, with the bonus that SIGNUP_BONUS_CREDITS says; none leaves no line in the ledger.
CREATE OR REPLACE FUNCTION public.provision_user(
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
    coalesce(provision_user.email, provision_user.user_id || '@no-email.invalid'),  -- by phone
    left(provision_user.full_name, 100),
    provision_user.avatar_url
  )
  ON CONFLICT (id) DO NOTHING;

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

-- migrate:down

CREATE OR REPLACE FUNCTION public.provision_user(
  user_id uuid, email text, full_name text, avatar_url text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
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

DROP TABLE public.service_settings;
