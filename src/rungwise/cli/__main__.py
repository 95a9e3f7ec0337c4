from rungwise.cli import main

main()
