// The function app: Flex Consumption, or Elastic Premium with a slot. It signs in everywhere as its
// identity; secrets are references to the vault.
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param plan string
param environmentName string
param identityId string
param identityClientId string
param hostAccountName string
param dataAccountName string
param deploymentContainer string
param imageContainer string
param archivesAfterDays int
param frontDoor bool
param downloadUrl string
param vaultUri string
param insightsConnectionString string
param workspaceId string
param subnetId string
param maximumInstances int
param zoneRedundant bool
param alwaysReadyHttp int
param alwaysReadyDurable int
param httpConcurrency int
param instanceMemoryMB int
param activityConcurrency int
param databasePoolSize int
param databaseMaxOverflow int
param supabaseUrl string
param appUrl string
param moreOrigins string[]
param crawlerContactEmail string
param fromEmail string
param payments bool
param email bool
param sourceKeys string[]
param redis bool
param redisHost string
param packageUrl string

var isFlex = plan == 'flex'
// On Flex Consumption an instance runs one Python process; on premium we choose.
var workers = isFlex ? 1 : 2
var origins = union([appUrl], moreOrigins)
var hostBlobs = 'https://${hostAccountName}.blob.${environment().suffixes.storage}'
var hostQueues = 'https://${hostAccountName}.queue.${environment().suffixes.storage}'
var hostTables = 'https://${hostAccountName}.table.${environment().suffixes.storage}'
var dataBlobs = 'https://${dataAccountName}.blob.${environment().suffixes.storage}'

var platformSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: hostBlobs
  AzureWebJobsStorage__queueServiceUri: hostQueues
  AzureWebJobsStorage__tableServiceUri: hostTables
  AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions: string(activityConcurrency)
  AZURE_CLIENT_ID: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
  PYTHON_APPLICATIONINSIGHTS_LOGGER_NAME: 'pixcrawler'
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'azure_sdk,django,fastapi,flask,httpx,psycopg2,requests,urllib,urllib3'
  AzureWebJobsDisableHomepage: 'true'
}
var premiumSettings = isFlex ? {} : {
  FUNCTIONS_EXTENSION_VERSION: '~4'
  FUNCTIONS_WORKER_RUNTIME: 'python'
  FUNCTIONS_WORKER_PROCESS_COUNT: string(workers)
  WEBSITE_RUN_FROM_PACKAGE: packageUrl
  WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID: identityId
}
// What differs from the app's own defaults (docs/configuration.md), and what has none.
var appSettings = {
  PIXCRAWLER_ENVIRONMENT: { dev: 'development', staging: 'staging', prod: 'production' }[environmentName]
  ALLOWED_ORIGINS: join(origins, ',')
  NEXT_PUBLIC_APP_URL: appUrl
  SUPABASE_URL: supabaseUrl
  DATABASE_POOL_SIZE: string(databasePoolSize)
  DATABASE_MAX_OVERFLOW: string(databaseMaxOverflow)
  STORAGE_AZURE_BLOB_SERVICE_URI: dataBlobs
  STORAGE_AZURE_CONTAINER_NAME: imageContainer
  STORAGE_ARCHIVE_AFTER_DAYS: string(archivesAfterDays)
  CRAWLER_CONTACT_EMAIL: crawlerContactEmail
  CELERY_WORKER_CONCURRENCY: string(activityConcurrency)
  PIXCRAWLER_RESOURCE_MAX_CHUNKS_IN_FLIGHT: string(activityConcurrency * (isFlex ? maximumInstances : min(maximumInstances, 100)))
}
// Azure Managed Redis has but one database.
var redisSettings = !redis ? {} : {
  LIMITER_BACKEND: 'redis'
  LIMITER_REDIS_HOST: redisHost
  LIMITER_REDIS_PORT: '10000'
  LIMITER_REDIS_DB: '0'
}
var downloadSettings = frontDoor ? { STORAGE_DOWNLOAD_URL: downloadUrl } : {}
var emailSettings = email ? { FROM_EMAIL: fromEmail } : {}

// In the vault a secret is called like its setting, with dashes.
var alwaysSecret = ['DATABASE_URL', 'SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_ROLE_KEY', 'API_KEY_PEPPER', 'METRICS_TOKEN']
var paymentSecrets = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_STARTER_PRICE_ID', 'STRIPE_PRO_PRICE_ID', 'STRIPE_ENTERPRISE_PRICE_ID']
var emailSecrets = ['RESEND_API_KEY']
var redisSecrets = ['LIMITER_REDIS_PASSWORD']
var secretNames = concat(alwaysSecret, sourceKeys, payments ? paymentSecrets : [], email ? emailSecrets : [], redis ? redisSecrets : [])
var secretList = [for secret in secretNames: {
  name: secret
  value: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${replace(secret, '_', '-')})'
}]

var plainSettings = union(platformSettings, premiumSettings, appSettings, redisSettings, downloadSettings, emailSettings)
var plainList = [for setting in items(plainSettings): { name: setting.key, value: setting.value }]
// A slot must not share the task hub with production, nor take its messages, nor run its timers.
var slotSettings = {
  AzureFunctionsJobHost__extensions__durableTask__hubName: 'PixCrawlerStaging'
  AzureFunctionsWebHost__hostid: 'pixcrawler-${environmentName}-slot' // else cut from the name, like the app's
  'AzureWebJobs.deliver_notification.Disabled': 'true'
  'AzureWebJobs.clean_up_blobs.Disabled': 'true'
  'AzureWebJobs.meter_usage.Disabled': 'true'
  'AzureWebJobs.reconcile_jobs.Disabled': 'true'
  'AzureWebJobs.clean_up.Disabled': 'true'
  'AzureWebJobs.watch.Disabled': 'true'
  'AzureWebJobs.publish_settings.Disabled': 'true'
}
var slotNames = [for setting in items(slotSettings): setting.key]
var slotList = [for setting in items(slotSettings): { name: setting.key, value: setting.value }]

resource farm 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: isFlex ? 'functionapp' : 'elastic'
  sku: isFlex ? { name: 'FC1', tier: 'FlexConsumption' } : { name: 'EP2', tier: 'ElasticPremium', capacity: max(zoneRedundant ? 2 : 1, alwaysReadyHttp) }
  properties: union({ reserved: true, zoneRedundant: zoneRedundant }, isFlex ? {} : { maximumElasticWorkerCount: min(maximumInstances, 100) })
}

var warmHttp = alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : []
var warmDurable = alwaysReadyDurable > 0 ? [{ name: 'durable', instanceCount: alwaysReadyDurable }] : []
var pythonVersion = '3.13' // scripts/azure/build.py makes its zip for it
// Updates replace all instances at once, as is the default. `siteUpdateStrategy: RollingUpdate` is a
// preview, and two builds would then serve one task hub side by side.
var flexConfig = {
  deployment: {
    storage: {
      type: 'blobContainer'
      value: '${hostBlobs}/${deploymentContainer}'
      authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
    }
  }
  runtime: { name: 'python', version: pythonVersion }
  scaleAndConcurrency: {
    maximumInstanceCount: maximumInstances
    instanceMemoryMB: instanceMemoryMB
    alwaysReady: concat(warmHttp, warmDurable)
    triggers: { http: { perInstanceConcurrency: httpConcurrency } }
  }
}
// Flex Consumption refuses a deployment that so much as mentions most of these.
var premiumConfig = isFlex ? {} : {
  ftpsState: 'Disabled'
  linuxFxVersion: 'Python|${pythonVersion}'
  minimumElasticInstanceCount: max(1, alwaysReadyHttp)
  functionAppScaleLimit: min(maximumInstances, 100)
  healthCheckPath: '/health/live'
}
// Of app and slot.
var site = {
  serverFarmId: farm.id
  httpsOnly: true
  clientAffinityEnabled: false
  keyVaultReferenceIdentity: identityId
  virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
  outboundVnetRouting: { allTraffic: !empty(subnetId) }
}
var siteConfig = {
  ...premiumConfig
  minTlsVersion: '1.2'
  scmMinTlsVersion: '1.2'
  http20Enabled: true
  remoteDebuggingEnabled: false
  cors: { allowedOrigins: origins, supportCredentials: false }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    ...site
    publicNetworkAccess: 'Enabled'
    functionAppConfig: isFlex ? flexConfig : null
    siteConfig: { ...siteConfig, appSettings: concat(plainList, secretList) }
  }
}

resource noFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource noScmPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource slot 'Microsoft.Web/sites/slots@2025-03-01' = if (!isFlex) {
  parent: app
  name: 'staging'
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    ...site
    siteConfig: { ...siteConfig, appSettings: concat(plainList, secretList, slotList) }
  }
}

resource noSlotFtp 'Microsoft.Web/sites/slots/basicPublishingCredentialsPolicies@2025-03-01' = if (!isFlex) {
  parent: slot
  name: 'ftp'
  properties: { allow: false }
}

resource noSlotScmPasswords 'Microsoft.Web/sites/slots/basicPublishingCredentialsPolicies@2025-03-01' = if (!isFlex) {
  parent: slot
  name: 'scm'
  properties: { allow: false }
}

resource sticky 'Microsoft.Web/sites/config@2025-03-01' = if (!isFlex) {
  parent: app
  name: 'slotConfigNames'
  properties: { appSettingNames: slotNames }
}

#disable-next-line use-recent-api-versions // its only stable version is of 2016 and lacks what we use
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output name string = app.name
output hostName string = app.properties.defaultHostName
output slotUrl string = isFlex ? '' : 'https://${slot!.properties.defaultHostName}'
output requiredSecrets string[] = [for secret in secretNames: replace(secret, '_', '-')]
output workersPerInstance int = workers
