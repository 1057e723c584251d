@echo off
rem Checks and starts everything for development; Ctrl-C stops it: scripts\start-dev.cmd --help
cd /d "%~dp0.."
where py >nul 2>nul && (py -3 -m scripts.dev %*) || (python -m scripts.dev %*)
