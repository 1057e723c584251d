"""Who a user is: sign-up and sign-in at Supabase Auth, and the profile."""
