using 'main.bicep'

param environmentName = 'prod'
param plan = 'flex'
// 36 instances x 5 connections = 180 of the 200 that the smallest Supavisor accepts; 20 are left for
// the frontend, migrations and people. deploy.sh refuses more, and doctor.py says so.
param maximumInstances = 36
param databasePoolSize = 2
param databaseMaxOverflow = 3
param databaseConnectionLimit = 200
// One warm instance each: no cold start for people, none for the first chunk of a crawl.
param alwaysReadyHttp = 1
param alwaysReadyDurable = 1
param supabaseUrl = readEnvironmentVariable('PIXCRAWLER_SUPABASE_URL', '')
param appUrl = readEnvironmentVariable('PIXCRAWLER_APP_URL', '')
param crawlerContactEmail = readEnvironmentVariable('PIXCRAWLER_CRAWLER_CONTACT_EMAIL', '')
param alertEmail = readEnvironmentVariable('PIXCRAWLER_ALERT_EMAIL', '')
param urgentEmail = readEnvironmentVariable('PIXCRAWLER_URGENT_EMAIL', alertEmail)
param deployerPrincipalId = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_ID', '')
param deployerPrincipalType = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_TYPE', 'ServicePrincipal')
var deployerAddress = readEnvironmentVariable('PIXCRAWLER_DEPLOYER_ADDRESS', ' ')
param deployerAddresses = empty(trim(deployerAddress)) ? [] : [deployerAddress]
param storageSku = 'Standard_ZRS'
param logRetentionDays = 90
param frontend = true
param monthlyBudget = 300
