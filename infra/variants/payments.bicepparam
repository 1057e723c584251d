using '../main.bicep'
extends '../prod.bicepparam'

param payments = true
param email = true
param fromEmail = 'hello@example.com'
param sourceKeys = ['FLICKR_API_KEY']
