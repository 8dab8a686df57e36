"""The access portal's own pages: sign up, log in, reset, account. Work without JavaScript."""
