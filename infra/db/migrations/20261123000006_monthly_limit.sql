-- migrate:up

-- A monthly limit binds from the moment its owner sets it; the default is only a figure to show.
ALTER TABLE public.credit_accounts
  ADD COLUMN monthly_limit_enforced boolean NOT NULL DEFAULT false;

-- The usage of a month, and pages of the ledger and of keys, which have no rising id.
DROP INDEX public.credit_transactions_user_id_idx;
CREATE INDEX credit_transactions_user_id_idx
  ON public.credit_transactions (user_id, created_at DESC, id DESC);

-- migrate:down

DROP INDEX public.credit_transactions_user_id_idx;
CREATE INDEX credit_transactions_user_id_idx
  ON public.credit_transactions (user_id, created_at DESC);
ALTER TABLE public.credit_accounts DROP COLUMN monthly_limit_enforced;
