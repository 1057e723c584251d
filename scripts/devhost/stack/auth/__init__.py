"""A stand-in of Supabase Auth (GoTrue) behind its gateway, over the true HTTP API.

Users and sessions live in the schema `auth` of the local PostgreSQL, as on Supabase.
"""
