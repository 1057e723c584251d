using '../main.bicep'
extends '../prod.bicepparam'

param plan = 'premium'
param maximumInstances = 18
param packageUrl = 'https://example.blob.core.windows.net/builds/build.zip'
param zoneRedundant = true
param privateNetwork = true
param redis = true
param payments = true
param email = true
param fromEmail = 'hello@example.com'
param sourceKeys = ['FLICKR_API_KEY']
param budgetStart = '2026-01-01'
param urgentPhone = '44-7700900123'
