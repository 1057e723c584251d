// Private endpoints of storage, vault and Redis, and the DNS zones that lead to them.
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param subnetId string
param networkId string
param hostAccountId string
param dataAccountId string
param vaultId string
param redisId string

var storageSuffix = environment().suffixes.storage
var always = [
  { name: 'host-blob', target: hostAccountId, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
  { name: 'host-queue', target: hostAccountId, group: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
  { name: 'host-table', target: hostAccountId, group: 'table', zone: 'privatelink.table.${storageSuffix}' }
  { name: 'data-blob', target: dataAccountId, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
  { name: 'vault', target: vaultId, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }
]
var redis = [{ name: 'redis', target: redisId, group: 'redisEnterprise', zone: 'privatelink.redis.azure.net' }]
var endpoints = empty(redisId) ? always : concat(always, redis)
var storageZones = ['privatelink.blob.${storageSuffix}', 'privatelink.queue.${storageSuffix}', 'privatelink.table.${storageSuffix}']
var zoneNames = concat(storageZones, ['privatelink.vaultcore.azure.net'], empty(redisId) ? [] : ['privatelink.redis.azure.net'])

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zoneNames: {
  name: zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, i) in zoneNames: {
  parent: zones[i]
  name: 'link-${name}'
  location: 'global'
  properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
}]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2025-07-01' = [for endpoint in endpoints: {
  name: 'pe-${name}-${endpoint.name}'
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: endpoint.name
        properties: { privateLinkServiceId: endpoint.target, groupIds: [endpoint.group] }
      }
    ]
  }
}]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-07-01' = [for (endpoint, i) in endpoints: {
  parent: privateEndpoints[i]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      { name: endpoint.name, properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', endpoint.zone) } }
    ]
  }
  dependsOn: [zones]
}]
