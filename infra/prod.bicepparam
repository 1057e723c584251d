using 'main.bicep'

param environmentName = 'prod'
param plan = 'flex'
// 40 instances x 5 connections = 200, what the smallest Supavisor accepts; doctor.py checks it.
param maximumInstances = 40
param databasePoolSize = 2
param databaseMaxOverflow = 3
param databaseConnectionLimit = 200
// One warm instance each: no cold start for people, none for the first chunk of a crawl.
param alwaysReadyHttp = 1
param alwaysReadyDurable = 1
param supabaseUrl = readEnvironmentVariable('PIXCRAWLER_SUPABASE_URL', '')
param appUrl = readEnvironmentVariable('PIXCRAWLER_APP_URL', '')
param contactEmail = readEnvironmentVariable('PIXCRAWLER_CONTACT_EMAIL', '')
param alertEmail = readEnvironmentVariable('PIXCRAWLER_ALERT_EMAIL', '')
param deployerPrincipalId = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_ID', '')
param deployerPrincipalType = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_TYPE', 'ServicePrincipal')
param storageSku = 'Standard_ZRS'
param logRetentionDays = 90
param frontend = true
param monthlyBudget = 300
