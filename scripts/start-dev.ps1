# Checks and starts everything for development; Ctrl-C stops it: scripts/start-dev.ps1 --help
Set-Location (Join-Path $PSScriptRoot '..')
$command = , 'python'
if (Get-Command py -ErrorAction SilentlyContinue) {
  foreach ($version in '3.11', '3.12', '3.13') {
    & py "-$version" -c pass 2>$null
    if ($LASTEXITCODE -eq 0) { $command = 'py', "-$version" }
  }
}
$program, $options = $command
& $program @options -m scripts.dev @args
exit $LASTEXITCODE
