@echo off
rem Checks and starts everything for development; Ctrl-C stops it: scripts\start-dev.cmd --help
cd /d "%~dp0.."
set "PYTHON=python"
for %%v in (3.11 3.12 3.13) do py -%%v -c pass >nul 2>nul && set "PYTHON=py -%%v"
%PYTHON% -m scripts.dev %*
