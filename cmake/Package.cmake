# SPDX-License-Identifier: GPL-3.0-or-later
# What besides the programs is installed, and the .deb that cpack makes of it.
install(FILES packaging/cloudied.service packaging/cloudie-netbootd.service
        DESTINATION lib/systemd/system)
install(FILES packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME cloudie.conf)
install(FILES packaging/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME cloudie.conf)
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME cloudie)
set(CPACK_PACKAGE_VENDOR "Cloudie")
set(CPACK_PACKAGE_CONTACT "Cloudie <cloudie@example.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
"Cloudie turns a room of bare metal into ready workers: it answers the machines'
firmware (DHCP, TFTP, HTTP), boots a discovery agent on them, and shows what
they are. This package holds the controller (cloudied), the network boot server
(cloudie-netbootd), the maker of boot media (cloudie-mkimage) and the operator's
command (cloudie).")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DEPENDS systemd)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${PROJECT_SOURCE_DIR}/packaging/postinst"
    "${PROJECT_SOURCE_DIR}/packaging/prerm"
    "${PROJECT_SOURCE_DIR}/packaging/postrm")
set(CPACK_STRIP_FILES ON)
include(CPack)
