// The way to downloads where a private network closes the images' account: Front Door, which reaches
// it over a private link of its own. A signed URL names no host, so it is good here too. The link
// waits in the account until somebody approves it, once: docs/deployment.md.
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param dataAccountId string
param dataAccountName string
param container string

var blobHost = '${dataAccountName}.blob.${environment().suffixes.storage}'

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: 'afd-${name}'
  location: 'global'
  tags: tags
  sku: { name: 'Premium_AzureFrontDoor' } // private links need premium
  properties: { originResponseTimeoutSeconds: 60 }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  parent: profile
  name: 'downloads-${name}'
  location: 'global'
  tags: tags
  properties: { enabledState: 'Enabled' }
}

resource group 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  parent: profile
  name: 'storage'
  properties: {
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 2 }
    sessionAffinityState: 'Disabled'
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = {
  parent: group
  name: 'images'
  properties: {
    hostName: blobHost
    originHostHeader: blobHost
    httpsPort: 443
    enabledState: 'Enabled'
    enforceCertificateNameCheck: true
    sharedPrivateLinkResource: {
      privateLink: { id: dataAccountId }
      privateLinkLocation: location
      groupId: 'blob'
      requestMessage: 'PixCrawler: downloads through Front Door'
    }
  }
}

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: endpoint
  name: 'images'
  properties: {
    originGroup: { id: group.id }
    patternsToMatch: ['/${container}/*']
    supportedProtocols: ['Https']
    forwardingProtocol: 'HttpsOnly'
    httpsRedirect: 'Disabled'
    linkToDefaultDomain: 'Enabled'
    // No cache: an answer must not outlive the signature that it was asked with.
  }
  dependsOn: [origin]
}

output url string = 'https://${endpoint.properties.hostName}'
