// The frontend's Static Web App. Its security headers are infra/staticwebapp.config.json, which
// goes into the root of the frontend's build.
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags

resource site 'Microsoft.Web/staticSites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard' }
  identity: { type: 'SystemAssigned' }
  properties: {
    allowConfigFileUpdates: true
    stagingEnvironmentPolicy: 'Enabled'
    publicNetworkAccess: 'Enabled'
  }
}

output hostName string = site.properties.defaultHostname
