-- migrate:up

-- Until the app has said what SIGNUP_BONUS_CREDITS is: what a job of the default size may cost.
INSERT INTO public.service_settings (name, value) VALUES ('signup_bonus_credits', '1000')
ON CONFLICT (name) DO NOTHING;

-- migrate:down

DELETE FROM public.service_settings WHERE name = 'signup_bonus_credits';
