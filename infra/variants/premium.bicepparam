using '../main.bicep'
extends '../prod.bicepparam'

param plan = 'premium'
param maximumInstances = 18
param packageUrl = 'https://example.blob.core.windows.net/builds/build.zip'
