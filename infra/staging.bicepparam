using 'main.bicep'

param environmentName = 'staging'
param plan = 'flex'
param maximumInstances = 40
param alwaysReadyHttp = 0
param supabaseUrl = readEnvironmentVariable('PIXCRAWLER_SUPABASE_URL', '')
param appUrl = readEnvironmentVariable('PIXCRAWLER_APP_URL', '')
param contactEmail = readEnvironmentVariable('PIXCRAWLER_CONTACT_EMAIL', '')
param alertEmail = readEnvironmentVariable('PIXCRAWLER_ALERT_EMAIL', '')
param deployerPrincipalId = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_ID', '')
param deployerPrincipalType = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_TYPE', 'ServicePrincipal')
param storageSku = 'Standard_LRS'
param monthlyBudget = 100
