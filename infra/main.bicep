// Everything PixCrawler needs in one resource group. The database and sign-in are Supabase's.
// scripts/deploy.sh deploys it, and knows the parameters that have to be looked up; see
// docs/deployment.md.

@description('Which deployment this is; the app is told development, staging or production.')
@allowed(['dev', 'staging', 'prod'])
param environmentName string

@description('Region of every resource.')
param location string = resourceGroup().location

@description('flex scales by instances and to zero; premium has slots and pays for idle workers.')
@allowed(['flex', 'premium'])
param plan string = 'flex'

@description('Most instances the app may scale out to. With the pool it bounds database connections.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 36

@description('Instances in several zones of the region: on Flex at least two warm ones of each of nine scale groups, on premium two in all; docs/costs.md.')
param zoneRedundant bool = false

@description('Instances that are always warm for HTTP (premium: for everything).')
@minValue(0)
param alwaysReadyHttp int = 0

@description('Instances that are always warm for orchestrations and activities.')
@minValue(0)
param alwaysReadyDurable int = 0

@description('Requests one instance serves at a time.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 50

@description('Memory of an instance on Flex Consumption.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Chunks one instance works on at a time; host.json must agree.')
@minValue(1)
@maxValue(64)
param activityConcurrency int = 8

@description('Database connections an instance keeps.')
@minValue(1)
param databasePoolSize int = 2

@description('Database connections it may open beyond those.')
@minValue(0)
param databaseMaxOverflow int = 3

@description('Client connections that the database (Supavisor) accepts; doctor.py holds the pool against it.')
@minValue(1)
param databaseConnectionLimit int = 200

@description('URL of the Supabase project.')
param supabaseUrl string

@description('URL of the frontend, for links and CORS.')
param appUrl string

@description('More origins whose pages may call the API.')
param moreOrigins string[] = []

@description('Address in the User-Agent of the crawler.')
param crawlerContactEmail string

@description('Who is told of alerts that have time until the day, and of the budget.')
param alertEmail string

@description('Who is woken: gets the alerts of severity 1. Empty: as alertEmail.')
param urgentEmail string = ''

@description('Telephone that gets an SMS with those: country code and number, e.g. 44-7700900123. Empty: none.')
param urgentPhone string = ''

@description('Payment by Stripe: its secrets must be in the vault.')
param payments bool = false

@description('E-mail by Resend: its secret must be in the vault.')
param email bool = false

@description('Sender of e-mail.')
param fromEmail string = ''

@description('API keys of image sources that are in the vault, e.g. FLICKR_API_KEY.')
param sourceKeys string[] = []

@description('A managed Redis that counts requests instead of PostgreSQL.')
param redis bool = false

@description('A virtual network with private endpoints; storage and vault are then closed to the rest.')
param privateNetwork bool = false

@description('Downloads over Front Door, which a private network needs: nobody else is let in to the images.')
param frontDoor bool = privateNetwork

@description('IPv4 addresses or ranges that may reach storage and vault from outside, for deployments.')
param deployerAddresses string[] = []

@description('Object id of who runs deploy.sh: gets at builds and secrets. Empty: nobody.')
param deployerPrincipalId string = ''

@description('Kind of that principal.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param deployerPrincipalType string = 'ServicePrincipal'

@description('A Static Web App for the frontend.')
param frontend bool = false

@description('Region of the Static Web App, which few have.')
param frontendLocation string = 'westeurope'

@description('Storage redundancy; ZRS survives the loss of a zone but cannot archive.')
@allowed(['Standard_LRS', 'Standard_GRS', 'Standard_ZRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Days after which an image nobody reads is archived (on ZRS: 180 days, then cold); 0: never.')
@minValue(0)
param archiveAfterDays int = 365

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('GB of logs a day; what comes after is dropped, and alerts are blind. One of them warns at 80 %.')
@minValue(1)
param logQuotaGB int = 5

@description('Monthly budget in the currency of the subscription; mail at 80 and 100 %.')
@minValue(1)
param monthlyBudget int = 200

@description('Premium only: the build that runs; deploy.sh passes it so that provisioning keeps it.')
param packageUrl string = ''

@description('First day of a month: of the month in which the budget is made, and the same ever after, because Azure refuses another. deploy.sh knows it. Empty: no budget.')
param budgetStart string = ''

var name = 'pixcrawler-${environmentName}'
var suffix = uniqueString(resourceGroup().id, environmentName)
var tags = { application: 'pixcrawler', environment: environmentName }
var appName = '${name}-${suffix}'

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: { name: 'id-${name}', location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: { name: name, location: location, tags: tags, retentionDays: logRetentionDays, quotaGB: logQuotaGB }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: { name: name, location: location, tags: tags, plan: plan }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    hostAccountName: take('pxh${environmentName}${suffix}', 24)
    dataAccountName: take('pxd${environmentName}${suffix}', 24)
    location: location
    tags: tags
    sku: storageSku
    archiveAfterDays: archiveAfterDays
    closed: privateNetwork
    deployerAddresses: deployerAddresses
    allowedOrigins: union([appUrl], moreOrigins)
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/keyvault.bicep' = {
  name: 'vault'
  params: {
    name: take('kv-px-${suffix}', 24)
    location: location
    tags: tags
    closed: privateNetwork
    deployerAddresses: deployerAddresses
    workspaceId: monitoring.outputs.workspaceId
  }
}

module cache 'modules/redis.bicep' = if (redis) {
  name: 'redis'
  params: { name: 'redis-${appName}', location: location, tags: tags }
}

module endpoints 'modules/endpoints.bicep' = if (privateNetwork) {
  name: 'endpoints'
  params: {
    name: name
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    networkId: network!.outputs.networkId
    hostAccountId: storage.outputs.hostAccountId
    dataAccountId: storage.outputs.dataAccountId
    vaultId: vault.outputs.id
    redisId: redis ? cache!.outputs.id : ''
  }
}

module door 'modules/frontdoor.bicep' = if (frontDoor) {
  name: 'frontdoor'
  params: {
    name: name
    location: location
    tags: tags
    dataAccountId: storage.outputs.dataAccountId
    dataAccountName: storage.outputs.dataAccountName
    container: storage.outputs.imageContainer
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    appPrincipalId: identity.outputs.principalId
    deployerPrincipalId: deployerPrincipalId
    deployerPrincipalType: deployerPrincipalType
    hostAccountName: storage.outputs.hostAccountName
    dataAccountName: storage.outputs.dataAccountName
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module app 'modules/functionapp.bicep' = {
  name: 'app'
  params: {
    name: appName
    location: location
    tags: tags
    plan: plan
    environmentName: environmentName
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostAccountName: storage.outputs.hostAccountName
    dataAccountName: storage.outputs.dataAccountName
    deploymentContainer: storage.outputs.deploymentContainer
    imageContainer: storage.outputs.imageContainer
    archivesAfterDays: storage.outputs.archivesAfterDays
    frontDoor: frontDoor
    downloadUrl: frontDoor ? door!.outputs.url : ''
    vaultUri: vault.outputs.uri
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    workspaceId: monitoring.outputs.workspaceId
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    maximumInstances: maximumInstances
    zoneRedundant: zoneRedundant
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyDurable: alwaysReadyDurable
    httpConcurrency: httpConcurrency
    instanceMemoryMB: instanceMemoryMB
    activityConcurrency: activityConcurrency
    databasePoolSize: databasePoolSize
    databaseMaxOverflow: databaseMaxOverflow
    supabaseUrl: supabaseUrl
    appUrl: appUrl
    moreOrigins: moreOrigins
    crawlerContactEmail: crawlerContactEmail
    fromEmail: fromEmail
    payments: payments
    email: email
    sourceKeys: sourceKeys
    redis: redis
    redisHost: redis ? cache!.outputs.host : ''
    packageUrl: packageUrl
  }
  dependsOn: [roles, endpoints]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    name: name
    location: location
    tags: tags
    alertEmail: alertEmail
    urgentEmail: empty(urgentEmail) ? alertEmail : urgentEmail
    urgentPhone: urgentPhone
    logQuotaGB: logQuotaGB
    workspaceId: monitoring.outputs.workspaceId
    insightsId: monitoring.outputs.insightsId
    healthUrl: 'https://${app.outputs.hostName}/health'
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    name: name
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module budget 'modules/budget.bicep' = if (!empty(budgetStart)) {
  name: 'budget'
  params: {
    name: name
    amount: monthlyBudget
    startDate: budgetStart
    alertEmail: alertEmail
    actionGroupId: alerts.outputs.laterGroupId
  }
}

module site 'modules/frontend.bicep' = if (frontend) {
  name: 'frontend'
  params: { name: 'swa-${name}', location: frontendLocation, tags: tags }
}

// What scripts and runbooks read. No secret is among them.
output appName string = app.outputs.name
output appUrl string = 'https://${app.outputs.hostName}'
output plan string = plan
output slotUrl string = app.outputs.slotUrl
output hostAccountName string = storage.outputs.hostAccountName
output dataAccountName string = storage.outputs.dataAccountName
output buildContainer string = storage.outputs.buildContainer
output vaultName string = vault.outputs.name
output requiredSecrets string[] = app.outputs.requiredSecrets
output maximumInstances int = maximumInstances
output poolPerInstance int = (databasePoolSize + databaseMaxOverflow) * app.outputs.workersPerInstance
output databaseConnectionLimit int = databaseConnectionLimit
output supabaseUrl string = supabaseUrl
output frontendHost string = frontend ? site!.outputs.hostName : ''
