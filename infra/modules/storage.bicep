// Two accounts: what the Functions host works on (queues, task hub, packages), and the images.
// Apart, a busy task hub does not slow down images, and their rules differ.
import { Tags } from 'types.bicep'

param hostAccountName string
param dataAccountName string
param location string
param tags Tags
param sku string
param archiveAfterDays int
param closed bool
param deployerAddresses string[]
param allowedOrigins string[]
param workspaceId string

var addressRules = [for address in deployerAddresses: { value: address, action: 'Allow' }]
// Of both accounts.
var account = {
  accessTier: 'Hot'
  allowBlobPublicAccess: false
  allowSharedKeyAccess: false
  allowCrossTenantReplication: false
  defaultToOAuthAuthentication: true
  minimumTlsVersion: 'TLS1_2'
  supportsHttpsTrafficOnly: true
  publicNetworkAccess: 'Enabled'
  networkAcls: {
    bypass: 'AzureServices, Logging, Metrics'
    defaultAction: closed ? 'Deny' : 'Allow'
    ipRules: addressRules
  }
}
var logged = {
  workspaceId: workspaceId
  logs: [{ category: 'StorageDelete', enabled: true }]
  metrics: [{ category: 'Transaction', enabled: true }]
}
var queues = ['notifications', 'blob-cleanup']
// Poison queues are made by the host when first needed; made here, they can be watched from the start.
var poisonQueues = [for queue in queues: '${queue}-poison']

resource hostAccount 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: hostAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    ...account
    encryption: {
      requireInfrastructureEncryption: true
      keySource: 'Microsoft.Storage'
      services: {
        blob: { enabled: true }
        queue: { enabled: true, keyType: 'Account' }
        table: { enabled: true, keyType: 'Account' }
      }
    }
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: hostAccount
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource deploymentContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: hostBlobs
  name: 'deployments'
  properties: { publicAccess: 'None' }
}

resource buildContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: hostBlobs
  name: 'builds'
  properties: { publicAccess: 'None' }
}

resource hostQueues 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: hostAccount
  name: 'default'
}

resource appQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [for queue in concat(queues, poisonQueues): {
  parent: hostQueues
  name: queue
}]

// The durable task hub makes its own tables, queues and containers, named after hubName of host.json.
resource hostTables 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: hostAccount
  name: 'default'
}

resource dataAccount 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: dataAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    ...account
    sasPolicy: { sasExpirationPeriod: '0.12:00:00', expirationAction: 'Log' }
    encryption: {
      requireInfrastructureEncryption: true
      keySource: 'Microsoft.Storage'
      services: { blob: { enabled: true } }
    }
  }
}

resource dataBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: dataAccount
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 14 }
    containerDeleteRetentionPolicy: { enabled: true, days: 14 }
    lastAccessTimeTrackingPolicy: { enable: true, name: 'AccessTimeTracking', trackingGranularityInDays: 1, blobType: ['blockBlob'] }
    // A redirect from the API to storage makes the browser's origin "null", which no list can name.
    cors: {
      corsRules: [
        { allowedOrigins: ['*'], allowedMethods: ['GET', 'HEAD'], allowedHeaders: [], exposedHeaders: [], maxAgeInSeconds: 600 }
        { allowedOrigins: allowedOrigins, allowedMethods: ['PUT', 'OPTIONS'], allowedHeaders: ['*'], exposedHeaders: [], maxAgeInSeconds: 600 }
      ]
    }
  }
}

resource imageContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: dataBlobs
  name: 'pixcrawler'
  properties: { publicAccess: 'None' }
}

var toCool = {
  tierToCool: { daysAfterLastAccessTimeGreaterThan: 30 }
  enableAutoTierToHotFromCool: true
}
// Zone-redundant accounts have no archive tier: there an image grows cold instead, and stays readable.
var canArchive = sku == 'Standard_LRS' || sku == 'Standard_GRS'
var toCold = { tierToCold: { daysAfterLastAccessTimeGreaterThan: 180 } }
var toArchive = { tierToArchive: { daysAfterLastAccessTimeGreaterThan: archiveAfterDays } }
var afterCool = canArchive ? toArchive : toCold
var later = archiveAfterDays == 0 ? {} : afterCool

// hot → cool after a month without a reader, back to hot when somebody reads; then archive, or cold.
// Under jobs/ are images, and exports that do not live so long; thumbnails are elsewhere and stay hot.
// What was brought back from the archive and is not read goes there again on the next day: Azure takes
// daysAfterLastTierChangeGreaterThan with the time of modification alone, not with that of access.
resource dataLifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: dataAccount
  name: 'default'
  dependsOn: [dataBlobs]
  properties: {
    policy: {
      rules: [
        {
          name: 'images-hot-cool-archive'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['pixcrawler/jobs/'] }
            actions: { baseBlob: union(toCool, later) }
          }
        }
      ]
    }
  }
}

#disable-next-line use-recent-api-versions // its only stable version is of 2016 and lacks what we use
resource hostBlobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: hostBlobs
  name: 'to-workspace'
  properties: logged
}

#disable-next-line use-recent-api-versions // its only stable version is of 2016 and lacks what we use
resource hostQueueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: hostQueues
  name: 'to-workspace'
  properties: logged
}

#disable-next-line use-recent-api-versions // its only stable version is of 2016 and lacks what we use
resource dataBlobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: dataBlobs
  name: 'to-workspace'
  properties: logged
}

output hostAccountId string = hostAccount.id
output hostAccountName string = hostAccount.name
output dataAccountId string = dataAccount.id
output dataAccountName string = dataAccount.name
output deploymentContainer string = deploymentContainer.name
output buildContainer string = buildContainer.name
output imageContainer string = imageContainer.name
output archivesAfterDays int = canArchive ? archiveAfterDays : 0
