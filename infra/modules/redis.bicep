// Azure Managed Redis, for counting requests when PostgreSQL should not. It has one database: 0.
// The app signs in with the access key, which the operator puts into the vault (docs/deployment.md).
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags

resource cluster 'Microsoft.Cache/redisEnterprise@2025-04-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Balanced_B0' }
  properties: { minimumTlsVersion: '1.2', highAvailability: 'Enabled' }
}

resource database 'Microsoft.Cache/redisEnterprise/databases@2025-04-01' = {
  parent: cluster
  name: 'default'
  properties: {
    clientProtocol: 'Encrypted'
    port: 10000
    clusteringPolicy: 'EnterpriseCluster'
    evictionPolicy: 'VolatileTTL'
    accessKeysAuthentication: 'Enabled'
  }
}

output id string = cluster.id
output host string = cluster.properties.hostName
