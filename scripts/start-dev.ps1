# Checks and starts everything for development; Ctrl-C stops it: scripts/start-dev.ps1 --help
Set-Location (Join-Path $PSScriptRoot '..')
$python = if (Get-Command py -ErrorAction SilentlyContinue) { 'py', '-3' } else { , 'python' }
& $python[0] @($python | Select-Object -Skip 1) -m scripts.dev @args
exit $LASTEXITCODE
