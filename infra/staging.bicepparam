using 'main.bicep'

param environmentName = 'staging'
param plan = 'flex'
param maximumInstances = 36
param alwaysReadyHttp = 0
param supabaseUrl = readEnvironmentVariable('PIXCRAWLER_SUPABASE_URL', '')
param appUrl = readEnvironmentVariable('PIXCRAWLER_APP_URL', '')
param crawlerContactEmail = readEnvironmentVariable('PIXCRAWLER_CRAWLER_CONTACT_EMAIL', '')
param alertEmail = readEnvironmentVariable('PIXCRAWLER_ALERT_EMAIL', '')
param urgentEmail = readEnvironmentVariable('PIXCRAWLER_URGENT_EMAIL', alertEmail)
param deployerPrincipalId = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_ID', '')
param deployerPrincipalType = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_TYPE', 'ServicePrincipal')
param storageSku = 'Standard_LRS'
param monthlyBudget = 100
